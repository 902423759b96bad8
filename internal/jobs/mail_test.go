package jobs_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func keyring(tb testing.TB) *secret.Keyring {
	tb.Helper()
	ring, err := secret.DevKeyring("test:" + base64.StdEncoding.EncodeToString(secret.Random(32)))
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

const link = "https://gatehouse.example/login/link#ghl_secret"

func signIn() mail.Message {
	return mail.Message{To: "ada@example.com", Subject: "Sign in", Text: "Sign in:\n" + link + "\n", HTML: "<p>" + link + "</p>"}
}

func (b bench) enqueueMail(tb testing.TB, tenant id.Tenant, ring *secret.Keyring) {
	tb.Helper()
	err := b.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error {
		return jobs.EnqueueMail(tb.Context(), tx, ring, "sign_in_link", signIn())
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func TestAMailIsSentAndItsLinkIsNowhereInPlain(t *testing.T) {
	t.Parallel()
	b, ring := setup(t), keyring(t)
	b.enqueueMail(t, b.a, ring)
	row := b.text(t, "SELECT river_job::text || args::text FROM river_job")
	for _, plain := range []string{"ghl_", "gatehouse.example", "ada@", "Sign in"} {
		if strings.Contains(row, plain) {
			t.Errorf("row of the job has %q in plain: %s", plain, row)
		}
	}
	if !strings.Contains(row, "sign_in_link") {
		t.Errorf("row of the job lacks the name of the mail: %s", row)
	}
	var box mail.Outbox
	w := jobs.NewWorkers(b.db)
	jobs.HandleMail(w, ring, &box)
	log, stop := b.run(t, jobs.Config{Workers: w})
	b.eventually(t, states, "completed")
	stop()
	got := box.Messages()
	if len(got) != 1 || got[0].Message != signIn() {
		t.Errorf("mails = %d, want the one enqueued", len(got))
	}
	if strings.Contains(log.String(), "ghl_") || strings.Contains(log.String(), "ada@") {
		t.Errorf("log = %s, want neither link nor recipient", log)
	}
}

func TestTEN_17_AMailMovedToAnotherTenantIsNotSent(t *testing.T) {
	t.Parallel()
	b, ring := setup(t), keyring(t)
	b.enqueueMail(t, b.a, ring)
	b.system(t, "UPDATE river_job SET metadata = ?::jsonb", fmt.Sprintf(`{"tenant_id": %q}`, b.b.UUID()))
	var box mail.Outbox
	w := jobs.NewWorkers(b.db)
	jobs.HandleMail(w, ring, &box)
	b.run(t, jobs.Config{Workers: w})
	b.eventually(t, states, canceled)
	if n := len(box.Messages()); n != 0 {
		t.Errorf("mails = %d, want 0", n)
	}
}

type refusing struct{ err error }

func (r refusing) Send(context.Context, mail.Message) error { return r.err }

func TestARefusedMailIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		fmt.Errorf("%w: code 550", mail.ErrRefused): canceled,
		fmt.Errorf("the mail server is away"):       "retryable",
	} {
		b, ring := setup(t), keyring(t)
		b.enqueueMail(t, b.a, ring)
		w := jobs.NewWorkers(b.db)
		jobs.HandleMail(w, ring, refusing{err})
		b.run(t, jobs.Config{Workers: w})
		b.eventually(t, states, want)
	}
}

func TestAnInvalidMailIsRefusedWhenEnqueued(t *testing.T) {
	t.Parallel()
	b, ring := setup(t), keyring(t)
	err := b.db.Tenant(t.Context(), b.a, func(tx *db.TenantTx) error {
		m := signIn()
		m.Subject = "Hi\r\nBcc: eve@evil.example"
		return jobs.EnqueueMail(t.Context(), tx, ring, "sign_in_link", m)
	})
	if err == nil {
		t.Error("EnqueueMail() = nil, want an error")
	}
}
