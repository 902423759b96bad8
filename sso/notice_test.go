package sso_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
)

func TestXT_09_OwnersAreToldWhenAnAdminChangesAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	if n := w.notices(t, c); n != 0 {
		t.Fatalf("the operator's own set-up left %d notices, want none", n)
	}
	admin := &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "admin", Name: "deploy"}
	ctx := authn.With(t.Context(), admin)
	must(t, w.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := c.signIn.Move(ctx, tx, c.connection.ID, sso.Disabled)
		return err
	}))
	if n := w.notices(t, c); n != 1 {
		t.Errorf("notices after an admin disabled the connection = %d, want one for the one owner", n)
	}
	if n := w.notices(t, other); n != 0 {
		t.Errorf("another company got %d notices", n)
	}
	var args string
	must(t, w.admin.QueryRow(t.Context(), "SELECT args::text FROM river_job WHERE kind = 'send_mail' LIMIT 1").Scan(&args))
	if strings.Contains(args, c.domain) {
		t.Errorf("the queue shows an address in plain: %s", args)
	}
}

// notices counts the mails that wait for a company's people.
func (w *world) notices(tb testing.TB, c *company) (n int) {
	tb.Helper()
	must(tb, w.admin.QueryRow(tb.Context(), "SELECT count(*) FROM river_job WHERE kind = 'send_mail' AND metadata ->> 'tenant_id' = $1",
		c.tenant.ID.UUID().String()).Scan(&n))
	return n
}
