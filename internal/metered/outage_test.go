package metered_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/metered"
)

// Where the database cannot be asked a hard limit is closed, an open meter admits its cap, and a soft one everything. What was let pass counts
// once it can be written.
func TestWithoutTheDatabaseEachMeterDoesAsItSays(t *testing.T) {
	t.Parallel()
	r := build(t)
	p, o := r.member(), r.process()
	o.wire.cut()
	if h, d, _, err := o.Take(t.Context(), p, metered.Use{Meter: "tokens", Quantity: 1}); h != nil || d.Clause != "" || errs.As(err).Kind != errs.Unavailable {
		t.Errorf("Take(tokens) = %v, %+v, %v, want unavailable and no decision", h, d, err)
	}
	if made, _, _, err := o.Reserve(t.Context(), p, metered.Use{Meter: "tokens", Quantity: 1, Lasts: time.Minute}); made != nil || errs.As(err).Kind != errs.Unavailable {
		t.Errorf("Reserve(tokens) = %v, %v, want unavailable", made, err)
	}
	if _, _, err := o.Ask(t.Context(), p, metered.Use{Meter: "tokens", Quantity: 1}); errs.As(err).Kind != errs.Unavailable {
		t.Errorf("Ask(tokens) = %v, want unavailable", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if h, _, _, err := o.Take(gone, p, metered.Use{Meter: "searches", Quantity: 1}); h != nil || err == nil {
		t.Errorf("Take of who has gone = %v, %v, want an error: nothing of the cap is for nobody", h, err)
	}
	hold, _, s, err := o.Take(t.Context(), p, metered.Use{Meter: "searches", Quantity: 1})
	if err != nil || hold == nil || !s.Unchecked || !hold.Answer().Unchecked || !hold.State().Unchecked {
		t.Fatalf("Take(searches) = %v, %+v, %v, want it unchecked", hold, s, err)
	}
	made, _, s, err := o.Reserve(t.Context(), p, metered.Use{Meter: "searches", Quantity: 1, Lasts: time.Minute})
	if err != nil || made == nil || !s.Unchecked || made.Kept || made.Lease != uuid.Nil {
		t.Fatalf("Reserve(searches) = %+v, %+v, %v, want it unchecked and nothing kept", made, s, err)
	}
	if h, d, _, err := o.Take(t.Context(), p, metered.Use{Meter: "searches", Quantity: 1}); h != nil || err != nil || d.Clause != "quota_exceeded" {
		t.Errorf("Take(searches) above the cap = %v, %+v, %v, want quota_exceeded", h, d, err)
	}
	for range 3 { // more than the number
		soft, d, s, err := o.Take(t.Context(), p, metered.Use{Meter: "images", Quantity: 1})
		if err != nil || soft == nil || !s.Unchecked {
			t.Fatalf("Take(images) = %v, %+v, %+v, %v, want it unchecked", soft, d, s, err)
		}
		soft.Release()
	}
	if late, err := o.Release(t.Context(), made); err != nil || late.Late {
		t.Errorf("Release of what holds nothing = %+v, %v, want it to need nobody", late, err)
	}
	o.wire.mend()
	o.run()
	if got, err := hold.Settle(t.Context(), usage.Event{Quantity: 7}); err != nil || got.Status != usage.Accepted {
		t.Errorf("Settle() = %+v, %v, want accepted", got, err)
	}
	made.ExpiresAt = time.Now().Add(-time.Hour)
	if got, err := o.Settle(t.Context(), made, usage.Event{Quantity: 8}); err != nil || got.Status != usage.Accepted || got.Late {
		t.Errorf("Settle() of what holds nothing = %+v, %v, want accepted and never late", got, err)
	}
	want := []row{{"searches", p.User.String(), 7, 0, false}, {"searches", p.User.String(), 8, 0, false}}
	if diff := cmp.Diff(want, r.rows(p.Tenant)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// A soft meter whose ledger cannot be asked is reserved all the same, also where the process has something lent: the reservation holds nothing, since
// another process may settle it.
func TestWithoutTheDatabaseASoftMeterIsReservedAllTheSame(t *testing.T) {
	t.Parallel()
	r := build(t)
	p, o := r.member(), r.process()
	warm, _, _, err := o.Take(t.Context(), p, metered.Use{Meter: "images", Quantity: 1}) // half of what is left is lent here
	r.must(err)
	warm.Release()
	o.wire.cut()
	before := o.Access.Now()
	made, d, _, err := o.Reserve(t.Context(), p, metered.Use{Meter: "images", Quantity: 1, Lasts: time.Minute})
	if err != nil || made == nil || made.Kept || made.Lease != uuid.Nil || made.Quantity != 1 {
		t.Fatalf("Reserve(images) = %+v, %+v, %v, want it reserved and nothing held", made, d, err)
	}
	if made.ID.IsZero() || made.ExpiresAt.Before(before.Add(50*time.Second)) || made.By.User != p.User {
		t.Errorf("Reserve(images) = %+v, want it for a minute, and of the member", made)
	}
}
