package sso_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso"
)

func TestXT_23_FirstSignInsTakeTheLastSeatOnce(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	var members int
	must(t, c.admin.QueryRow(t.Context(), `SELECT count(*) FROM memberships WHERE tenant_id::text = $1 AND status = 'active'`,
		c.tenant.ID.UUID().String()).Scan(&members))
	_, err := c.admin.Exec(t.Context(), fmt.Sprintf(`INSERT INTO plan_versions (plan, version, terms, catalog_version, created_at)
		SELECT plan, plan_version, '{"features": ["seats"], "numbers": {"seats": %d}}', 1, now() FROM tenants WHERE id::text = $1`, members+1),
		c.tenant.ID.UUID().String())
	must(t, err)
	tabs := make([]*tab, 20)
	for i := range tabs {
		name := fmt.Sprintf("person%d", i)
		c.add(t, c.person(name))
		tabs[i] = c.begin(t).prove(t, c.idp, name)
	}
	var in atomic.Int64
	var all sync.WaitGroup
	for _, back := range tabs {
		all.Go(func() {
			switch _, err := c.signIn.Finish(visitor(t), back.request(t), sso.ProtocolOIDC, c.connection.ID); {
			case err == nil:
				in.Add(1)
			case sso.ReasonOf(err) != sso.SeatsExhausted:
				t.Errorf("Finish = %v, want a session or %s", err, sso.SeatsExhausted)
			}
		})
	}
	all.Wait()
	var now int
	must(t, c.admin.QueryRow(t.Context(), `SELECT count(*) FROM memberships WHERE tenant_id::text = $1`, c.tenant.ID.UUID().String()).Scan(&now))
	if in.Load() != 1 || now != members+1 {
		t.Errorf("%d came in and there are %d members, want one more than %d", in.Load(), now, members)
	}
	if lost := c.rows(t)["people of nowhere"]; lost != "0" {
		t.Errorf("%s users belong to nobody, want 0", lost)
	}
}
