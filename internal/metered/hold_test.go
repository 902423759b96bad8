package metered_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// take takes all of what there is, or ends the test.
func (r *rig) take(m *metered.Meters, p *authn.Principal, u metered.Use) *metered.Hold {
	r.Helper()
	h, d, s, err := m.Take(r.Context(), p, u)
	if err != nil || h == nil {
		r.Fatalf("Take(%+v) = %+v, %+v, %v, want it allowed", u, d, s, err)
	}
	return h
}

// left says whether a budget has n left. Refusals are believed for a moment.
func (r *rig) left(m *metered.Meters, p *authn.Principal, u metered.Use) bool {
	r.Helper()
	time.Sleep(300 * time.Millisecond)
	h, _, _, err := m.Take(r.Context(), p, u)
	r.must(err)
	if h == nil {
		return false
	}
	h.Release()
	return true
}

// What is recorded after it was taken is of whoever took it, whatever the event says, and the rest comes back.
func TestAHoldIsSettledOnceAndByWhoTookIt(t *testing.T) {
	t.Parallel()
	r := build(t)
	p, other := r.member(), r.member()
	h := r.take(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 1000})
	if r.left(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 1}) {
		t.Error("Take(1) while all is held = allowed, want it refused")
	}
	forged := usage.Event{Tenant: other.Tenant, User: other.User, Meter: "calls", Quantity: 400, At: time.Now().Add(-48 * time.Hour), Key: "answer-1"}
	if got, err := h.Settle(t.Context(), forged); err != nil || got.Status != usage.Accepted {
		t.Errorf("Settle() = %+v, %v, want accepted", got, err)
	}
	if _, err := h.Settle(t.Context(), usage.Event{Quantity: 1}); !errors.Is(err, metered.ErrOver) {
		t.Errorf("Settle() again = %v, want ErrOver", err)
	}
	h.Release()
	if diff := cmp.Diff([]row{{"tokens", p.User.String(), 400, 800, true}}, r.rows(p.Tenant)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := r.rows(other.Tenant); len(got) != 0 {
		t.Errorf("rows of the other tenant = %+v, want none", got)
	}
	if !r.left(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 600}) || r.left(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 601}) {
		t.Error("what is left after 400 of 1,000 is not 600")
	}
	var at time.Time
	r.must(r.admin.QueryRow(t.Context(), "SELECT at FROM usage_events WHERE tenant_id = $1", p.Tenant.UUID()).Scan(&at))
	if time.Since(at) > time.Minute {
		t.Errorf("the event is of %v, want the moment when it was taken", at)
	}
}

// An id that was counted before, and an event that cannot be taken, use nothing.
func TestWhatIsNotCountedIsGivenBack(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	all := metered.Use{Meter: "tokens", Quantity: 999}
	first := r.take(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 1})
	if got, err := first.Settle(t.Context(), usage.Event{Key: "answer-1", Quantity: 1}); err != nil || got.Status != usage.Accepted {
		t.Fatalf("Settle() = %+v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		event usage.Event
		want  usage.Status
	}{
		"counted before": {usage.Event{Key: "answer-1", Quantity: 999}, usage.Duplicate},
		"refused":        {usage.Event{Quantity: -1}, usage.Refused},
	} {
		h := r.take(r.Meters, p, all)
		if got, err := h.Settle(t.Context(), tt.event); err != nil || got.Status != tt.want {
			t.Errorf("Settle() of what is %s = %+v, %v, want %s", name, got, err, tt.want)
		}
		if !r.left(r.Meters, p, all) {
			t.Errorf("nothing is left after what is %s, want all that was taken for it", name)
		}
	}
	wrong := r.take(r.Meters, p, all)
	if _, err := wrong.Settle(t.Context(), usage.Event{Quantity: 999, Cost: 5, Currency: "EUR"}); errs.CodeOf(err) != "currency_mismatch" {
		t.Errorf("Settle() in EUR = %v, want currency_mismatch", err)
	}
	if r.left(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 1}) {
		t.Error("something is left after a settle in another currency, want the hold to stand")
	}
	wrong.Release()
	if diff := cmp.Diff([]row{{"tokens", p.User.String(), 1, 2, true}}, r.rows(p.Tenant)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// What is taken before the tenant's plan sells the meter in another currency is settled in that, and whoever names the former one has used it still.
func TestAHoldStandsWhenTheCurrencyOfItsMeterChanges(t *testing.T) {
	t.Parallel()
	r := build(t)
	p := r.member()
	h := r.take(r.Meters, p, metered.Use{Meter: "tokens", Quantity: 1000})
	c, err := catalog.Parse("test", []byte(strings.ReplaceAll(sold, "USD", "EUR")))
	r.must(err)
	ctx := authn.AsOperator(t.Context())
	r.must(r.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(ctx, sys, tx, c)
		return err
	}))
	r.must(r.Access.ReloadCatalog(ctx))
	r.must(r.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error {
		_, err := tenants.MovePlan(ctx, tx, billing.Pin{Plan: billing.Free, Version: 2})
		return err
	}))
	for m := (billing.Meter{}); m.Currency != "EUR"; time.Sleep(5 * time.Millisecond) {
		m, _, err = r.Access.Meter(ctx, p.Tenant, "tokens")
		r.must(err)
	}
	if got, err := h.Settle(t.Context(), usage.Event{Quantity: 400, Cost: 5, Currency: "USD"}); errs.CodeOf(err) != "currency_mismatch" {
		t.Errorf("Settle() in USD = %+v, %v, want currency_mismatch", got, err)
	}
	if got, err := h.Settle(t.Context(), usage.Event{Quantity: 400, Cost: 5, Currency: "EUR"}); err != nil || got.Status != usage.Accepted {
		t.Errorf("Settle() in EUR = %+v, %v, want it accepted: the hold stands", got, err)
	}
	if diff := cmp.Diff([]row{{"tokens", p.User.String(), 400, 5, true}}, r.rows(p.Tenant)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Nobody knows whether an event is there that was sent and not answered: what was taken for it stays taken, and it counts once.
func TestAnEventThatMayBeThereIsNotGivenBack(t *testing.T) {
	t.Parallel()
	r := build(t)
	p, o := r.member(), r.process() // whose recorder does not work yet
	first, second := r.take(o.Meters, p, metered.Use{Meter: "tokens", Quantity: 400}), r.take(o.Meters, p, metered.Use{Meter: "tokens", Quantity: 600})
	_, _, err := o.Access.Meter(t.Context(), p.Tenant, "tokens") // so that only what is written takes long
	r.must(err)
	for _, h := range []*metered.Hold{first, second} {
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := h.Settle(short, usage.Event{Quantity: 100}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Settle() = %v, want the end of its time", err)
		}
	}
	first.Release()
	if r.left(o.Meters, p, metered.Use{Meter: "tokens", Quantity: 1}) {
		t.Error("something is left after a release, want nothing: the event may be there")
	}
	o.run()
	if got, err := second.Settle(t.Context(), usage.Event{Key: "another", Quantity: 100}); err != nil || got.Status != usage.Duplicate {
		t.Errorf("Settle() again = %+v, %v, want a duplicate of the first attempt", got, err)
	}
	want := []row{{"tokens", p.User.String(), 100, 200, true}, {"tokens", p.User.String(), 100, 200, true}}
	if diff := cmp.Diff(want, r.rows(p.Tenant)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Ids of who may not record are theirs alone, and a UUIDv7 keeps its time, by which its day is found.
func TestAnIDOfOnesOwnIsNobodyElses(t *testing.T) {
	t.Parallel()
	ann := &authn.Principal{Kind: authn.Member, Membership: id.New[id.Membership]()}
	bob := &authn.Principal{Kind: authn.Member, Membership: id.New[id.Membership]()}
	key := id.New[id.Request]().UUID().String()
	for _, text := range []string{"answer-1", key, ""} {
		mine, theirs := metered.OwnKey(ann, text), metered.OwnKey(bob, text)
		if mine != metered.OwnKey(ann, text) || mine == theirs || mine == text || theirs == text {
			t.Errorf("OwnKey(%q) = %q and %q, want one for each that is not the text", text, mine, theirs)
		}
		if text == key && (mine[:14] != key[:14] || len(mine) != 36 || mine[14] != '7') {
			t.Errorf("OwnKey(%q) = %q, want a UUIDv7 of the same time", text, mine)
		}
	}
}
