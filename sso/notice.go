package sso

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// tellOwners mails every owner that a connection was changed: whoever holds it decides who people are, so no administrator changes it
// without the owners' knowledge. What the operator's command line does is the operator's to tell.
func (s *SignIn) tellOwners(ctx context.Context, tx *db.TenantTx, c Connection, happened string) error {
	p := authn.From(ctx)
	var by string
	switch p.Kind {
	case authn.Member:
		by = plain(p.Email)
	case authn.APIKey:
		by = "the API key " + plain(p.Name)
	case authn.Setup:
		by = "somebody with a set-up link"
	case authn.Operator, authn.System, authn.Anonymous:
		return nil
	}
	return s.alertOwners(ctx, tx, "Single sign-on was changed", []string{
		"The connection " + plain(c.Name) + " was " + happened + " by " + by + ".",
		"Its provider is at " + hostOf(c.Issuer) + ". Whoever controls that provider decides who can sign in through it.",
	}, "If you did not expect the change, disable the connection.")
}

// alertOwners mails every owner. The subject is followed by the tenant's name, the note by why they get it.
func (s *SignIn) alertOwners(ctx context.Context, tx *db.TenantTx, subject string, paragraphs []string, note string) error {
	owners, err := db.Of[tenants.Membership](tx.DB).Where("role = 'owner' AND status = 'active'").Order("id").Limit(50).Find(ctx)
	if err != nil {
		return fmt.Errorf("list owners: %w", err)
	}
	t, _, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	letter := mail.Letter{
		Subject: subject + ": " + plain(t.Name), Paragraphs: paragraphs,
		Note: strings.TrimSpace("You get this message because you are an owner of " + plain(t.Name) + ". " + note),
	}
	for _, o := range owners {
		m, err := letter.Message(o.Email)
		if err != nil {
			return err
		}
		if err := jobs.EnqueueMail(ctx, tx, s.keyring, "connection_notice", m); err != nil {
			return err
		}
	}
	return nil
}

// plain is a name as it can stand in a mail.
func plain(name string) string { return mail.Name(name) }
