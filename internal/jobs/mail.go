package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// SendMail are the arguments of the job that sends one mail. The whole message is sealed, recipient included: it may hold a sign-in link,
// and must go to nobody else.
type SendMail struct {
	Template string `json:"template"` // which mail it is, for people who look at the table
	Sealed   []byte `json:"sealed"`
}

// Kind implements [Args].
func (SendMail) Kind() string { return "send_mail" }

// mailAttempts spreads over an hour and a quarter. A sign-in link is of no use much later.
const mailAttempts = 8

// envelope is a message inside the seal; mail.Message itself does not encode.
type envelope struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

// EnqueueMail sends m once the transaction has committed. template names which mail it is, as "sign_in_link".
func EnqueueMail(ctx context.Context, tx *db.TenantTx, ring *secret.Keyring, template string, m mail.Message) error {
	if err := m.Check(); err != nil {
		return fmt.Errorf("mail %s: %w", template, err)
	}
	raw, err := json.Marshal(envelope(m))
	if err != nil {
		return fmt.Errorf("encode mail %s: %w", template, err)
	}
	sealed, err := ring.Seal(raw, mailPlace(tx.Tenant))
	if err != nil {
		return fmt.Errorf("seal mail %s: %w", template, err)
	}
	return Enqueue(ctx, tx, SendMail{Template: template, Sealed: sealed}, Attempts(mailAttempts))
}

// HandleMail registers the worker of [SendMail].
func HandleMail(w *Workers, ring *secret.Keyring, sender mail.Sender) {
	Handle(w, func(ctx context.Context, job Job[SendMail]) error {
		raw, err := ring.Open(job.Args.Sealed, mailPlace(job.Tenant))
		if errors.Is(err, secret.ErrTampered) {
			return GiveUp(fmt.Errorf("open mail %s: %w", job.Args.Template, err))
		}
		if err != nil { // a key that this instance does not have yet
			return fmt.Errorf("open mail %s: %w", job.Args.Template, err)
		}
		var e envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			return GiveUp(fmt.Errorf("decode mail %s", job.Args.Template)) // the error would quote the text
		}
		err = sender.Send(ctx, mail.Message(e))
		if errors.Is(err, mail.ErrRefused) || errors.Is(err, mail.ErrInvalid) {
			return GiveUp(err)
		}
		return err
	})
}

// mailPlace binds a sealed mail to its tenant: under another tenant's name the job cannot be opened.
func mailPlace(tenant id.Tenant) secret.AAD {
	return secret.AAD{Table: "river_job", Row: SendMail{}.Kind(), Tenant: tenant.String()}
}
