package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const billed = `
version: 1
features:
  ai.tokens: {numbers: {team: 20}, period: billing, meter: true}
`

// When a tenant's billing begins is what both instances hold a second later, and what the terms of its meters say.
func TestBothInstancesFollowTheBilling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(billed))
	here := w.config()
	here.DB = w.open()
	stores := map[string]*access.Store{"this": w.store()}
	stores["the other"], _ = w.run(here)
	globex, other := w.company("globex")
	terms := func(s *access.Store, p *authn.Principal, err error) *quota.Terms {
		t.Helper()
		must(t, err)
		of, known, err := s.Metered(p, "ai.tokens")
		if err != nil || !known {
			t.Fatalf("Metered() = %v, %v", known, err)
		}
		return of
	}
	ours := func(s *access.Store) *quota.Terms {
		p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
		return terms(s, p, err)
	}
	first := map[string]*quota.Terms{}
	for name, s := range stores {
		if first[name] = ours(s); !first[name].Anchor.IsZero() || first[name].Meter.Period != billing.Billing {
			t.Errorf("%s: the terms are %+v, want a billing period that nobody has set", name, first[name])
		}
	}
	begins := time.Date(2025, 1, 31, 9, 0, 0, 0, time.UTC)
	for _, want := range []time.Time{begins, begins.AddDate(0, 1, 0), {}} {
		w.in(func(ctx context.Context, tx *db.TenantTx) error {
			_, err := tenants.SetBilling(ctx, tx, want)
			return err
		})
		for name, s := range stores {
			took := w.soon(name+" has the billing", func() bool { return ours(s).Anchor.Equal(want) })
			if now := ours(s); now != ours(s) || now.Version <= first[name].Version {
				t.Errorf("%s: the terms are another pointer each time, or of version %d, want the same and a newer one than %d", name, now.Version, first[name].Version)
			}
			if took > time.Second {
				t.Errorf("%s has it after %v, want a second at most", name, took)
			}
			p, err := s.Member(t.Context(), globex.ID, other.ID)
			if got := terms(s, p, err).Anchor; !got.IsZero() {
				t.Errorf("%s: another tenant's billing begins %v, want no time", name, got)
			}
		}
	}
	if n := w.cold(); n > 3 {
		t.Errorf("the first question about a tenant costs %d statements, want 3 at most", n)
	}
}
