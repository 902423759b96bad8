package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// SetupLinkURL is where a set-up link is opened. The credential is in the fragment, which no server and no referrer ever sees.
func SetupLinkURL(base string, cred secret.Credential) string {
	return base + "/setup/open#" + cred.String()
}

// CreateSetupLink makes a link, sends it where it is to go, and tells the owners. It returns the address of the link, which is shown once.
func (s *SignIn) CreateSetupLink(ctx context.Context, tx *db.TenantTx, in NewSetupLink) (SetupLink, string, error) {
	l, cred, err := IssueSetupLink(ctx, tx, in)
	if err != nil {
		return SetupLink{}, "", err
	}
	address := SetupLinkURL(s.base, cred)
	if err := MailSetupLink(ctx, tx, s.keyring, l, address); err != nil {
		return SetupLink{}, "", err
	}
	p := authn.From(ctx)
	if p.Kind != authn.Member {
		return l, address, nil
	}
	return l, address, s.alertOwners(ctx, tx, "A set-up link was made", []string{
		plain(p.Email) + " made a link with which somebody outside can set up single sign-on, until " + day(l.ExpiresAt) + ".",
		"It is meant for " + sentTo(l) + ".",
	}, "If you did not expect it, revoke the link.")
}

// MailSetupLink sends a link to the address that it was made for, if it has one.
func MailSetupLink(ctx context.Context, tx *db.TenantTx, ring *secret.Keyring, l SetupLink, address string) error {
	if l.Email == "" {
		return nil
	}
	t, _, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	who := "The operator of this sign-in"
	if p := authn.From(ctx); p.Kind == authn.Member {
		who = plain(p.Email)
	}
	letter := mail.Letter{
		Subject: "Set up single sign-on for " + plain(t.Name),
		Paragraphs: []string{
			who + " asks you to connect the identity provider of " + plain(t.Name) + ".",
			"The link leads you through it, step by step. You need no account, and you see nothing of the people of " + plain(t.Name) + ".",
		},
		Action: mail.Action{Label: "Set up single sign-on", URL: address},
		Note:   "The link can be opened once, until " + day(l.ExpiresAt) + ", and then works for 24 hours in that browser. Do not pass it on. If you did not expect it, you can ignore this message.",
	}
	message, err := letter.Message(l.Email)
	if err != nil {
		return err
	}
	if err := jobs.EnqueueMail(ctx, tx, ring, "setup_link", message); err != nil {
		return fmt.Errorf("mail the set-up link: %w", err)
	}
	return nil
}

// tellOfSetup tells the owners that a link was opened, and from where.
func (s *SignIn) tellOfSetup(ctx context.Context, tx *db.TenantTx, l SetupLink) error {
	by := "the operator"
	if !l.CreatedBy.IsZero() {
		m, err := tenants.Member(ctx, tx, l.CreatedBy)
		if err != nil {
			return err
		}
		by = plain(m.Email)
	}
	o := authn.OriginFrom(ctx)
	return s.alertOwners(ctx, tx, "A set-up link was opened", []string{
		"The link that " + by + " made for " + sentTo(l) + " was opened from " + plain(o.Address) + " with " + browserOf(o) + ".",
		"Whoever opened it can set up single sign-on for 24 hours, and sees nothing of your people.",
	}, "If you did not expect it, revoke the link: that ends it at once.")
}

func sentTo(l SetupLink) string {
	if l.Email == "" {
		return "somebody whose address is not known"
	}
	return plain(l.Email)
}

func browserOf(o authn.Origin) string {
	if o.UserAgent == "" {
		return "a program that does not name itself"
	}
	return plain(o.UserAgent)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
