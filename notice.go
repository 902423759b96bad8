package gatehouse

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// tellStolen mails a member that their session was used from two places.
func (g *Gatehouse) tellStolen(ctx context.Context, tx *db.TenantTx, member id.Membership) error {
	m, err := tenants.Member(ctx, tx, member)
	if errs.As(err).Kind == errs.Missing {
		return nil // removed meanwhile: the session has to end all the same
	}
	if err != nil {
		return err
	}
	t, _, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	letter, err := mail.Letter{
		Subject: "A session at " + mail.Name(t.Name) + " was ended",
		Paragraphs: []string{
			"One of your sessions at " + mail.Name(t.Name) + " was used from two places, so all who held it were signed out.",
			"Sign in again. If this happens repeatedly, somebody may be copying your browser's data.",
		},
		Action: mail.Action{Label: "Your sessions", URL: g.parts.base.String() + "/sessions"},
	}.Message(m.Email)
	if err != nil {
		return err
	}
	return jobs.EnqueueMail(ctx, tx, g.parts.keyring, "session_notice", letter)
}
