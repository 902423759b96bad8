package quota_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

func TestAReservationIsSettledWithWhatWasUsed(t *testing.T) {
	t.Parallel()
	r := build(t)
	for _, tt := range []struct {
		name          string
		used          int64
		late          bool // the reservation has expired, and was swept
		folded        bool // before it is settled
		want          quota.Settlement
		wantUnleased  int64
		wantRemaining int64
	}{
		{"less", 30, false, false, quota.Settlement{}, 0, 70},
		{"less, folded first", 30, false, true, quota.Settlement{}, 0, 70},
		{"all", 60, false, false, quota.Settlement{}, 0, 40},
		{"more", 75, false, false, quota.Settlement{Above: true}, 15, 25},
		{"more, folded first", 75, false, true, quota.Settlement{Above: true}, 15, 25},
		{"late", 30, true, false, quota.Settlement{Late: true}, 30, 70},
	} {
		e, other := r.engine(t, func(c *quota.Config) { c.Lease = time.Second }), r.engine(t, func(c *quota.Config) { c.Lease = time.Second })
		c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 60, Terms: terms(100)}
		lasts := time.Minute
		if tt.late {
			lasts = 100 * time.Millisecond
		}
		held, d, err := e.Reserve(t.Context(), c, lasts)
		if err != nil || !d.Allowed {
			t.Fatalf("%s: Reserve() = %+v, %v", tt.name, d, err)
		}
		if _, d, err := other.Reserve(t.Context(), c, lasts); err != nil || d.Allowed || d.Remaining != 40 {
			t.Errorf("%s: a second Reserve() = %+v, %v, want it refused with 40 remaining", tt.name, d, err)
		}
		if tt.late {
			time.Sleep(2 * lasts)
			r.fold(t)
			r.fold(t)
		}
		r.recordLeased(t, c, held, tt.used)
		if tt.folded {
			r.fold(t)
		}
		if got, err := other.Settle(t.Context(), c.Tenant, held.ID, tt.used, 0); err != nil || got != tt.want {
			t.Errorf("%s: Settle() = %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
		if got, err := e.Settle(t.Context(), c.Tenant, held.ID, 1, 0); err != nil || !got.Repeated && !tt.late {
			t.Errorf("%s: a second Settle() = %+v, %v, want it to be repeated", tt.name, got, err)
		}
		r.fold(t)
		if used, leased, unleased := r.ledger(t, c.Tenant); used != tt.used || leased != 0 || unleased != tt.wantUnleased {
			t.Errorf("%s: used, leased, unleased = %d, %d, %d, want %d, 0, %d", tt.name, used, leased, unleased, tt.used, tt.wantUnleased)
		}
		c.Quantity = tt.wantRemaining + 1
		if _, d, err := e.Reserve(t.Context(), c, lasts); err != nil || d.Allowed || d.Remaining != tt.wantRemaining {
			t.Errorf("%s: Reserve(%d) = %+v, %v, want it refused with %d remaining", tt.name, c.Quantity, d, err, tt.wantRemaining)
		}
	}
}

func TestACanceledReservationAndOneLeftBehindComeBack(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 100, Terms: terms(100)}
	held, d, err := e.Reserve(t.Context(), c, time.Minute)
	if err != nil || !d.Allowed {
		t.Fatalf("Reserve() = %+v, %v", d, err)
	}
	if s, err := e.Cancel(t.Context(), c.Tenant, held.ID); err != nil || s != (quota.Settlement{}) {
		t.Errorf("Cancel() = %+v, %v", s, err)
	}
	if _, d, err = e.Reserve(t.Context(), c, 50*time.Millisecond); err != nil || !d.Allowed {
		t.Fatalf("Reserve() after Cancel() = %+v, %v", d, err)
	}
	time.Sleep(100 * time.Millisecond)
	if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || d.Allowed {
		t.Errorf("Reserve() before the fold = %+v, %v, want it refused: its event may still be on its way", d, err)
	}
	until(t, "the reservation left behind is swept", func() bool {
		r.fold(t)
		_, d, err := e.Reserve(t.Context(), c, time.Minute)
		return err == nil && d.Allowed
	})
}

// What an instance could spend itself does not stand in the way of its own reservation.
func TestAReservationTakesWhatItsInstanceHolds(t *testing.T) {
	t.Parallel()
	r := build(t)
	e := r.engine(t, nil)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(100)}
	if d := r.spend(t, e, c); !d.Allowed {
		t.Fatalf("Take() = %+v", d)
	}
	c.Quantity = 99
	if _, d, err := e.Reserve(t.Context(), c, time.Minute); err != nil || !d.Allowed {
		t.Errorf("Reserve(99) = %+v, %v, want it allowed", d, err)
	}
}

func (r *rig) recordLeased(tb testing.TB, c quota.Call, held quota.Reservation, quantity int64) {
	tb.Helper()
	got, err := r.Record(tb.Context(), usage.Event{Tenant: c.Tenant, At: held.At, Meter: string(c.Meter), Quantity: quantity, Lease: held.ID.UUID()})
	if err != nil || got[0].Status != usage.Accepted {
		tb.Fatalf("Record() = %+v, %v", got, err)
	}
}
