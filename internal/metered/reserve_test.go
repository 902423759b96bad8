package metered_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// reserve reserves, or ends the test.
func (r *rig) reserve(p *authn.Principal, quantity int64, lasts time.Duration) *metered.Reservation {
	r.Helper()
	made, d, _, err := r.Reserve(r.Context(), p, metered.Use{Meter: "tokens", Quantity: quantity, Lasts: lasts})
	if err != nil || made == nil {
		r.Fatalf("Reserve(%d) = %+v, %v, want it allowed", quantity, d, err)
	}
	return made
}

var sameIDs = cmpopts.EquateComparable(
	id.Reservation{}, id.Tenant{}, id.User{}, id.Membership{}, id.Session{}, id.Key{}, id.SetupLink{}, id.Connection{})

func TestAReservationIsSettledInAnotherProcess(t *testing.T) {
	t.Parallel()
	r := build(t)
	other := r.process()
	other.run()
	for _, tt := range []struct {
		name   string
		used   int64
		expire bool // before it is settled
		cancel bool // likewise
		want   metered.Settled
		above  bool
	}{
		{"less", 400, false, false, metered.Settled{}, false},
		{"all", 1000, false, false, metered.Settled{}, false},
		{"more", 1001, false, false, metered.Settled{Above: true}, true},
		{"late", 400, true, false, metered.Settled{Late: true}, false},
		{"released before", 400, false, true, metered.Settled{Late: true}, false},
	} {
		p, stranger := r.member(), r.member()
		lasts := time.Minute
		if tt.expire {
			lasts = 100 * time.Millisecond
		}
		made := r.reserve(p, 1000, lasts)
		if !made.Kept || made.Lease != made.ID.UUID() || made.Quantity != 1000 || made.Cost != 2000 || r.held(p.Tenant) != 1000 {
			t.Errorf("%s: Reserve(1000) = %+v, want it kept by the database at its price", tt.name, made)
		}
		if tt.expire {
			time.Sleep(2 * lasts)
		}
		if tt.cancel {
			if s, err := other.Release(t.Context(), made); err != nil || s != (quota.Settlement{}) {
				t.Errorf("%s: Release() = %+v, %v", tt.name, s, err)
			}
			if n := r.held(p.Tenant); n != 0 {
				t.Errorf("%s: %d are held after the release, want nothing", tt.name, n)
			}
		}
		e := usage.Event{Quantity: tt.used, Key: "mine", Meter: "calls", Tenant: stranger.Tenant, User: stranger.User, At: time.Now().Add(-time.Hour)}
		if got := r.Above(made, e); got != tt.above {
			t.Errorf("%s: Above() = %v, want %v", tt.name, got, tt.above)
		}
		tt.want.Status = usage.Accepted
		if got, err := other.Settle(t.Context(), made, e); err != nil || got != tt.want {
			t.Errorf("%s: Settle(%d) = %+v, %v, want %+v", tt.name, tt.used, got, err, tt.want)
		}
		if got, err := r.Settle(t.Context(), made, usage.Event{Quantity: 1}); err != nil || got.Status != usage.Duplicate || got.Late || got.Above {
			t.Errorf("%s: Settle() again = %+v, %v, want a duplicate", tt.name, got, err)
		}
		if diff := cmp.Diff([]row{{"tokens", p.User.String(), tt.used, 2 * tt.used, true}}, r.rows(p.Tenant)); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", tt.name, diff)
		}
		if got := r.rows(stranger.Tenant); len(got) != 0 {
			t.Errorf("%s: rows of the other tenant = %+v, want none", tt.name, got)
		}
	}
}

// A cost that is named for a reservation bounds what it may be settled with.
func TestMoreThanItsCostIsAboveAReservation(t *testing.T) {
	t.Parallel()
	r := build(t)
	made, _, _, err := r.Reserve(t.Context(), r.member(), metered.Use{Meter: "tokens", Quantity: 500, Cost: 10, Lasts: time.Minute})
	r.must(err)
	for _, tt := range []struct {
		event usage.Event
		want  bool
	}{
		{usage.Event{Quantity: 5}, false}, {usage.Event{Quantity: 6}, true}, {usage.Event{Quantity: 500, Cost: 10}, false}, {usage.Event{Quantity: 1, Cost: 11}, true},
	} {
		if got := r.Above(made, tt.event); got != tt.want {
			t.Errorf("Above(%d at %d) = %v, want %v", tt.event.Quantity, tt.event.Cost, got, tt.want)
		}
	}
}

// The first time may have failed after the event was written. What the second says gives nothing back, since it may be less.
func TestASettlementThatIsRepeatedGivesNothingBack(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	made := r.reserve(p, 1000, time.Minute)
	written := usage.Event{Key: made.ID.UUID().String(), At: made.At, Meter: "tokens", Quantity: 700, Lease: made.Lease}
	if got, err := r.Usage.Record(t.Context(), written.By(p)); err != nil || got[0].Status != usage.Accepted {
		t.Fatalf("Record() = %+v, %v", got, err)
	}
	if got, err := r.Settle(t.Context(), made, usage.Event{Quantity: 1}); err != nil || got.Status != usage.Duplicate {
		t.Errorf("Settle(1) = %+v, %v, want a duplicate", got, err)
	}
	if n := r.held(p.Tenant); n != 1000 {
		t.Errorf("%d are held, want all 1,000: 700 of them are used", n)
	}
}

func TestAnEventThatIsRefusedLeavesTheReservation(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	made := r.reserve(p, 1000, time.Minute)
	for _, tt := range []struct {
		event usage.Event
		code  string
	}{
		{usage.Event{Quantity: -1}, usage.OutOfRange}, {usage.Event{Quantity: 1, Cost: 1, Currency: "EUR"}, usage.CurrencyMismatch},
	} {
		got, err := r.Settle(t.Context(), made, tt.event)
		if err != nil || got.Status != usage.Refused || got.Refusal.Code != tt.code || got.Late || got.Above {
			t.Errorf("Settle(%+v) = %+v, %v, want %s", tt.event, got, err, tt.code)
		}
		if n := r.held(p.Tenant); n != 1000 {
			t.Errorf("%d are held after %s, want all 1,000", n, tt.code)
		}
	}
	if got := r.rows(p.Tenant); len(got) != 0 {
		t.Errorf("rows = %+v, want none", got)
	}
}

// The text of a reservation is of one tenant: for others, and changed by a byte, it is that of none. In another tenant its id names nothing.
func TestAReservationIsOfOneTenant(t *testing.T) {
	t.Parallel()
	r := build(t)
	p, stranger := r.member(), r.member()
	made := r.reserve(p, 1000, time.Minute)
	made.At, made.ExpiresAt = made.At.Truncate(time.Microsecond), made.ExpiresAt.Truncate(time.Microsecond)
	tickets := metered.NewTickets(page.New(secret.NewPepper(make([]byte, 32))))
	text := tickets.Issue(made)
	read, err := tickets.Read(p.Tenant, text)
	if diff := cmp.Diff(made, read, sameIDs); err != nil || diff != "" {
		t.Errorf("Read() = %v (-issued +read):\n%s", err, diff)
	}
	other := metered.NewTickets(page.New(secret.NewPepper(append(make([]byte, 31), 1))))
	for name, read := range map[string]func() (*metered.Reservation, error){
		"in another tenant":       func() (*metered.Reservation, error) { return tickets.Read(stranger.Tenant, text) },
		"of another installation": func() (*metered.Reservation, error) { return other.Read(p.Tenant, text) },
		"cut":                     func() (*metered.Reservation, error) { return tickets.Read(p.Tenant, text[:len(text)-1]) },
		"changed":                 func() (*metered.Reservation, error) { return tickets.Read(p.Tenant, "A"+text[1:]+"A") },
		"empty":                   func() (*metered.Reservation, error) { return tickets.Read(p.Tenant, "") },
	} {
		if got, err := read(); got != nil || errs.CodeOf(err) != "not_found" {
			t.Errorf("Read() of a text %s = %+v, %v, want not_found", name, got, err)
		}
	}
	forged := *made
	forged.By = *stranger
	if s, err := r.Release(t.Context(), &forged); err != nil || !s.Late {
		t.Errorf("Release() in another tenant = %+v, %v, want that there is nothing", s, err)
	}
	if got, err := r.Settle(t.Context(), &forged, usage.Event{Quantity: 1}); err != nil || !got.Late {
		t.Errorf("Settle() in another tenant = %+v, %v, want it late: it held nothing there", got, err)
	}
	if n := r.held(p.Tenant); n != 1000 || len(r.rows(p.Tenant)) != 0 {
		t.Errorf("%d are held and %d events there, want 1,000 and none", n, len(r.rows(p.Tenant)))
	}
}

func TestAskingTakesNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	for range 3 {
		d, s, err := r.Ask(t.Context(), p, metered.Use{Meter: "tokens", Quantity: 1000})
		if err != nil || d.Clause != "" || s.Limit == nil || *s.Used != 0 || *s.Remaining != 1000 {
			t.Errorf("Ask(1000) = %+v, %+v, %v, want it allowed with nothing used", d, s, err)
		}
	}
	if n := r.held(p.Tenant); n != 0 {
		t.Errorf("%d are held, want nothing", n)
	}
	if d, _, err := r.Ask(t.Context(), p, metered.Use{Meter: "peak", Quantity: 6}); err != nil || d.Clause != "quota_exceeded" {
		t.Errorf("Ask(peak of 6) = %+v, %v, want quota_exceeded", d, err)
	}
}
