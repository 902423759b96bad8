package catalog_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Whatever the file says, reading it does not panic, a refusal has a place in the file, and no file takes from
// the built-in roles or lifts one above another.
func FuzzParse(f *testing.F) {
	f.Add(catalog.Default())
	for _, seed := range []string{
		"", "version: 1\n", "{version: 1, roles: {a: {inherits: [viewer], permissions: [tenant:read]}}}",
		"version: 1\nroles:\n  a: {inherits: [a]}\n", "- - -", "? [", "a: &b *b", "0: 0:\n0\n.", "version: 1\npermissions: {a:b: }\n",
		"{version: 1, limits: {free: {requests: 1/s, each: 1/min burst 5, concurrent: 3, groups: {check: 2/s, x: {each: 1/h}}}, pro: {each: unlimited}}}",
		"{version: 1, features: {a: {numbers: {free: 1, team: unlimited}}, b: {meter: true, period: day, numbers: {pro: 0x1, team: 2}}}}",
		"{version: 1, features: {a: {meter: {unit: t, aggregation: sum, cost: 15, currency: USD, unavailable: open, cap: 5}, numbers: {pro: 1}}}}",
		"{version: 1, features: {a: {meter: {aggregation: unique, limit: soft}, period: billing, numbers: {free: 1}}}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := catalog.Parse("c.yaml", src)
		if err != nil {
			var mistakes catalog.Mistakes
			if c != nil || !errors.As(err, &mistakes) {
				t.Fatalf("Parse(%q) = %v, %v, want Mistakes alone", src, c, err)
			}
			for _, m := range mistakes {
				if m.Line < 1 || m.Column < 1 || m.Message == "" {
					t.Errorf("Parse(%q): mistake %+v has no place", src, m)
				}
			}
			return
		}
		if !c.Decide(rbac.Viewer, billing.Free, rbac.TenantRead, "").Allowed {
			t.Errorf("Parse(%q): viewer has lost tenant:read", src)
		}
		for _, f := range c.Features() {
			m, metered := c.Meter(f.Name)
			if metered && (f.Numbers == nil || !slices.Contains(billing.Aggregations(), m.Aggregation) || (m.Cost > 0) != (m.Currency != "") ||
				(m.Cap > 0) != (m.Unavailable == billing.Open) || m.Cost > 0 && !m.Aggregation.Adds()) {
				t.Errorf("Parse(%q): %q has the meter %+v", src, f.Name, m)
			}
			for i, plan := range billing.Plans() {
				n, counted := f.Numbers[plan]
				if counted && n.Any() != plan.AtLeast(f.From) || counted && i > 0 && n.Less(f.Numbers[billing.Plans()[i-1]]) {
					t.Errorf("Parse(%q): %q has %v on %q, from %q", src, f.Name, f.Numbers, plan, f.From)
				}
			}
		}
		if c.CanGrant(rbac.Admin, rbac.Owner) {
			t.Errorf("Parse(%q): admin may make an owner", src)
		}
	})
}
