package sso_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// meanwhile does something while the provider is being asked for the tokens of a sign-in: a provider can be as slow as it likes.
func (c *company) meanwhile(tb testing.TB, do func(context.Context, *db.TenantTx) error) {
	tb.Helper()
	c.idp.Misbehave(testidp.Fault{Times: 1, Token: func(map[string]any) { c.inTenant(tb, do) }})
}

func TestASlowProviderDoesNotOutliveItsConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		do   func(*company) func(context.Context, *db.TenantTx) error
		want sso.Reason
	}{
		"disabled": {func(c *company) func(context.Context, *db.TenantTx) error {
			return func(ctx context.Context, tx *db.TenantTx) error {
				_, err := c.signIn.Move(ctx, tx, c.connection.ID, sso.Disabled)
				return err
			}
		}, sso.ConnectionInactive},
		"deleted": {func(c *company) func(context.Context, *db.TenantTx) error {
			return func(ctx context.Context, tx *db.TenantTx) error { return c.signIn.Delete(ctx, tx, c.connection.ID) }
		}, sso.ConnectionInactive},
		"changed": {func(c *company) func(context.Context, *db.TenantTx) error {
			return func(ctx context.Context, tx *db.TenantTx) error {
				d := c.draft()
				d.JIT = false
				p, err := c.signIn.Prepare(ctx, d)
				if err != nil {
					return err
				}
				_, err = c.signIn.Update(ctx, tx, c.connection.ID, p)
				return err
			}
		}, sso.ConnectionChanged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.company(t)
			c.add(t, c.person("alice"))
			signing := c.begin(t).prove(t, c.idp, "alice")
			c.meanwhile(t, tt.do(c))
			if _, err := signing.finish(t); sso.ReasonOf(err) != tt.want {
				t.Errorf("Finish = %v, want %s", err, tt.want)
			}
			if n := c.liveSessions(t); n != 0 {
				t.Errorf("%d sessions of the connection are alive, want none", n)
			}

			c = w.company(t)
			c.add(t, c.person("owner"))
			p := c.redeem(t)
			r, err := c.signIn.BeginLink(visitor(t), p, c.connection.ID)
			linking := c.over(t, r, err, "owner")
			c.meanwhile(t, tt.do(c))
			if _, err := linking.finish(t); sso.ReasonOf(err) != tt.want {
				t.Errorf("Finish of a link = %v, want %s", err, tt.want)
			}
			if list := c.identities(t, p); len(list) != 0 {
				t.Errorf("%d identities are linked, want none", len(list))
			}
		})
	}
}

// liveSessions counts what the company's connection has made and nobody has ended.
func (c *company) liveSessions(tb testing.TB) (n int) {
	tb.Helper()
	must(tb, c.admin.QueryRow(tb.Context(), "SELECT count(*) FROM sessions WHERE connection_id::text = $1 AND revoked_at IS NULL",
		c.connection.ID.UUID().String()).Scan(&n))
	return n
}
