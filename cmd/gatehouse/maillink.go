package main

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// mailLink sends a sign-in link to its member, once the transaction has committed. The message is sealed until a server sends it.
func (t *target) mailLink(ctx context.Context, tx *db.TenantTx, tenant tenants.Tenant, m tenants.Membership, link string) error {
	name := mail.Name(tenant.Name)
	letter := mail.Letter{
		Subject: "Your sign-in link for " + name,
		Paragraphs: []string{
			"You are an owner of " + name + ". This link signs you in once.",
			"After that, set up how you and your colleagues sign in.",
		},
		Action: mail.Action{Label: "Sign in", URL: link},
		Note:   "The link works once, for 3 days. If you did not expect it, you can ignore this message.",
	}
	message, err := letter.Message(m.Email)
	if err != nil {
		return err
	}
	if err := jobs.EnqueueMail(ctx, tx, t.keyring, "sign_in_link", message); err != nil {
		return fmt.Errorf("mail the sign-in link: %w", err)
	}
	return nil
}
