package sso_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
)

func (c *company) reserve(tb testing.TB) string {
	tb.Helper()
	var text string
	c.inTenant(tb, func(_ context.Context, tx *db.TenantTx) error {
		text = c.signIn.Reserve(tx, sso.ProtocolOIDC, "okta")
		return nil
	})
	return text
}

func (c *company) reserved(tb testing.TB, text string) (sso.Reservation, error) {
	tb.Helper()
	var r sso.Reservation
	var refusal error
	c.inTenant(tb, func(_ context.Context, tx *db.TenantTx) error {
		r, refusal = c.signIn.Reserved(tx, text)
		return nil
	})
	return r, refusal
}

// create makes a connection of a reservation.
func (c *company) create(tb testing.TB, r sso.Reservation) (made sso.Connection, err error) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	d := c.draft()
	d.Reservation = r
	prepared, err := c.signIn.Prepare(ctx, d)
	must(tb, err)
	err = c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		made, err = c.signIn.Create(ctx, sys, tx, prepared)
		return err
	})
	return made, err
}

func TestAReservedConnectionGetsItsID(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	r, err := c.reserved(t, c.reserve(t))
	must(t, err)
	if r.Protocol != sso.ProtocolOIDC || r.Preset != "okta" || r.Connection().IsZero() {
		t.Fatalf("Reserved = %+v, want an OpenID Connect connection by the guide for Okta", r)
	}
	made, err := c.create(t, r)
	must(t, err)
	if made.ID != r.Connection() {
		t.Errorf("Create = connection %s, want the reserved %s", made.ID, r.Connection())
	}
	if _, err := c.create(t, r); errs.CodeOf(err) != "connection_exists" {
		t.Errorf("Create again = %v, want connection_exists", err)
	}
	// Whoever signed in over a connection that is gone must not be anybody in another one.
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { return c.signIn.Delete(ctx, tx, made.ID) })
	if _, err := c.create(t, r); errs.CodeOf(err) != "connection_exists" {
		t.Errorf("Create after the connection was deleted = %v, want connection_exists", err)
	}
}

func TestReservationsThatCountForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	text := c.reserve(t)
	if _, err := other.reserved(t, text); errs.As(err).Kind != errs.Missing {
		t.Errorf("Reserved of another tenant = %v, want nothing", err)
	}
	for _, bad := range []string{
		"", ".", "....", text + "x", text[:len(text)-1], strings.Replace(text, "okta", "entra", 1), strings.Replace(text, "oidc", "saml", 1),
		strings.Repeat("x", 10_000), other.reserve(t),
	} {
		if _, err := c.reserved(t, bad); errs.As(err).Kind != errs.Missing {
			t.Errorf("Reserved(%.80q) = %v, want nothing", bad, err)
		}
	}
	r, err := c.reserved(t, text)
	must(t, err)
	if _, err := other.create(t, r); errs.As(err).Kind != errs.Missing {
		t.Errorf("Create with another tenant's reservation = %v, want nothing", err)
	}
	w.ahead.Add(int64(7*24*time.Hour + time.Minute))
	if _, err := c.reserved(t, text); errs.CodeOf(err) != sso.ErrReservation.Code {
		t.Errorf("Reserved after more than seven days = %v, want %s", err, sso.ErrReservation.Code)
	}
}
