package sso

import (
	"context"
	"fmt"

	"gorm.io/gorm"

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
	if p.Kind != authn.Member && p.Kind != authn.APIKey {
		return nil
	}
	owners, err := gorm.G[tenants.Membership](tx.DB).Where("role = 'owner' AND status = 'active'").Order("id").Limit(50).Find(ctx)
	if err != nil {
		return fmt.Errorf("list owners: %w", err)
	}
	t, _, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	by := "the API key " + mail.Name(p.Name)
	if p.Kind == authn.Member {
		by = mail.Name(p.Email)
	}
	letter := mail.Letter{
		Subject: "Single sign-on of " + mail.Name(t.Name) + " was changed",
		Paragraphs: []string{
			"The connection " + mail.Name(c.Name) + " was " + happened + " by " + by + ".",
			"Its provider is at " + hostOf(c.Issuer) + ". Whoever controls that provider decides who can sign in to " + mail.Name(t.Name) + " through it.",
		},
		Note: "You get this message because you are an owner. If you did not expect the change, disable the connection.",
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
