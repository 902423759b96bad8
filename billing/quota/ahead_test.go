package quota_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/billing/quota"
)

// A lease that is used is filled up before it is used up, so that calls do not wait.
func TestALeaseIsFilledUpAhead(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	r.run(t, e.Run)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(100_000_000)}
	var got, seen, left int64 // taken, and what was leased and left of it at the last look
	until(t, "more is leased while there is enough for all calls since the last look", func() bool {
		for range 2_000 {
			if _, d, err := e.Take(t.Context(), c); err != nil || !d.Allowed {
				t.Fatalf("Take() = %+v, %v", d, err)
			}
			got++
		}
		_, leased, _ := r.ledger(t, c.Tenant)
		grown := leased > seen && left > 250
		seen, left = leased, leased-got
		return grown
	})
}
