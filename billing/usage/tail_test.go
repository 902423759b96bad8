package usage_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// next reads one page of a tail.
func (r *rig) next(tb testing.TB, tail *usage.Tail, tenant id.Tenant) (events []usage.Event, more bool) {
	tb.Helper()
	err := r.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) (err error) {
		events, more, err = tail.Next(tb.Context(), tx)
		return err
	})
	if err != nil {
		tb.Fatalf("Next() = %v", err)
	}
	return events, more
}

func TestATailHasWhatIsNewAndOnlyTheTenants(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, b, at := id.New[id.Tenant](), id.New[id.Tenant](), time.Now().UTC().Truncate(time.Millisecond)
	r.record(t, []usage.Event{call(a, "before", 1)}, "accepted")
	var tail usage.Tail
	if events, more := r.next(t, &tail, a); len(events) != 0 || more {
		t.Errorf("the first page = %+v, want nothing", events)
	}
	sent := usage.Event{
		Key: "a secret", Tenant: a, At: at, Meter: "ai.tokens", Quantity: 7, User: id.New[id.User](), Role: "member", Plan: "pro", Feature: "chat",
		Route: "POST /chat", Model: "large", InputTokens: 1, OutputTokens: 2, CachedTokens: 3, Cost: 4, Currency: "USD",
	}
	r.record(t, []usage.Event{sent, call(b, "of b", 3)}, "accepted", "accepted")
	r.fold(t)
	got, _ := r.next(t, &tail, a)
	want := sent
	want.Key = ""
	if len(got) == 1 {
		got[0].At = got[0].At.UTC()
	}
	if diff := cmp.Diff([]usage.Event{want}, got, cmp.AllowUnexported(id.Tenant{}, id.User{}, id.Key{})); diff != "" {
		t.Errorf("Next() (-want +got):\n%s", diff)
	}
	r.record(t, []usage.Event{sent}, "duplicate")
	if events, _ := r.next(t, &tail, a); len(events) != 0 {
		t.Errorf("after a duplicate: %+v, want nothing", events)
	}
}

// A transaction that began before others and commits after them is where an order of ids would lose events.
func TestATailLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a := id.New[id.Tenant]()
	var tail usage.Tail
	r.next(t, &tail, a)

	r.record(t, []usage.Event{call(a, "makes the partition", 1)}, "accepted")
	c := dial(t, r.urls.AdminURL)
	late, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(t.Context(), `INSERT INTO usage_events (at, quantity, input_tokens, output_tokens, cached_tokens, cost, idem, tenant_id, day, meter,
		subject, feature, role, plan, route, model, currency) VALUES (now(), 1, 0, 0, 0, 0, gen_random_uuid(), $1, current_date, 'late', '', '', '', '', '', '', '')`,
		a.UUID()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	read := func() {
		for more := true; more; {
			var events []usage.Event
			events, more = r.next(t, &tail, a)
			for _, e := range events {
				seen[fmt.Sprintf("%s %d", e.Meter, e.Quantity)]++
			}
		}
	}
	const each, writers = 1_200, 3
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			for begin := 0; begin < each; begin += 400 {
				events := make([]usage.Event, 400)
				for i := range events {
					events[i] = tokens(a, time.Now(), int64(1+w*each+begin+i))
				}
				if _, err := r.Record(context.WithoutCancel(t.Context()), events...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	for running := true; running; {
		select {
		case err := <-done:
			if running = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		read()
	}
	if seen["late 1"] != 0 {
		t.Error("the tail has an event that is not committed")
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	read()
	if len(seen) != each*writers+2 || seen["late 1"] != 1 {
		t.Errorf("the tail has %d events and the late one %d times, want %d and once", len(seen), seen["late 1"], each*writers+2)
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("the tail has %s %d times, want once", name, n)
		}
	}
}
