package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Checks that say who is a member.
const (
	checkMember = "member"
	checkTester = "tester"
)

// address is the one that the provider says somebody has, in the form in which addresses are compared.
func (e entrance) address() (tenants.Email, error) {
	email, err := tenants.ParseEmail(e.who.Email)
	if err != nil {
		e.trail.Fail("email", "one plain address", or(e.who.Email, "not sent"))
		return tenants.Email{}, Refuse(EmailInvalid)
	}
	e.trail.Pass("email", email.Address)
	return email, nil
}

// newcomer asks only what is asked of everybody who is not known yet.
func (e entrance) newcomer(ctx context.Context, tx *db.TenantTx) error {
	email, err := e.address()
	if err != nil {
		return err
	}
	_, err = e.mayJoin(ctx, tx, email)
	return err
}
