package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const quotaCatalog = `version: 1
features:
  ai.calls:
    meter: {aggregation: count}
    numbers: {free: 50, pro: unlimited}
  ai.tokens:
    meter: {aggregation: sum}
    numbers: {free: 1000, pro: unlimited}
  searches:
    meter: {aggregation: count, unavailable: open, cap: 5}
    numbers: {free: 50, pro: unlimited}
`

// Two servers are one limit, however the checks of a meter are spread over them, and whatever ends.
func TestTwoServersHoldATenantToOneQuota(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	put(t, file, []byte(quotaCatalog))
	run[any](t, f.env, "catalog", "apply", file)
	time.Sleep(2 * bound) // both have heard of it

	// One after the other: what they do to the servers and the database would be in the way of the rest.
	t.Run("a hundred at once, reserved", func(t *testing.T) { hundredAtOnce(t, f, "reserved") }) //nolint:paralleltest // see above
	t.Run("a hundred at once, recorded", func(t *testing.T) { hundredAtOnce(t, f, "recorded") }) //nolint:paralleltest // see above
	t.Run("a server ends", func(t *testing.T) { givesBackAtItsEnd(t, f) })                       //nolint:paralleltest // see above
	t.Run("the database ends", func(t *testing.T) { quotasWithoutDatabase(t, f) })               //nolint:paralleltest // see above
}

// checked is what a check of a meter says.
type checked struct {
	Allowed     bool
	Clause      string
	Recorded    string
	Reservation *struct{ ID string }
	Quota       struct {
		Limit, Used, Remaining int64
		Unchecked              bool
	}
}

// checkMeter asks of a meter; status is that of a refusal which is no decision.
func (v *visitor) checkMeter(in map[string]any) (out checked, status int, err error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return out, 0, err
	}
	a, err := v.try(http.MethodPost, "/v1/check", strings.NewReader(string(raw)), "Content-Type", "application/json")
	if err != nil || a.status != http.StatusOK {
		return out, a.status, err
	}
	return out, a.status, json.Unmarshal([]byte(a.body), &out)
}

// must is checkMeter where there is a decision.
func (v *visitor) must(tb testing.TB, in map[string]any) checked {
	tb.Helper()
	got, status, err := v.checkMeter(in)
	if err != nil || status != http.StatusOK {
		tb.Fatalf("check of %v = %d, %v, want a decision", in, status, err)
	}
	return got
}

// ledger is what the rows say of a tenant's budget of a meter.
type ledger struct{ Events, Quantity, Used, Leased, Unleased int64 }

const ledgerSQL = `SELECT e.events, e.quantity, COALESCE(q.used, 0), COALESCE(q.leased, 0), COALESCE(q.unleased, 0)
FROM (SELECT count(*) AS events, COALESCE(sum(quantity), 0)::bigint AS quantity FROM usage_events WHERE tenant_id = $1 AND meter = $2) e
LEFT JOIN quotas q ON q.tenant_id = $1 AND q.meter = $2`

func (o observer) ledger(tb testing.TB, t *tenant, meter string) (l ledger) {
	tb.Helper()
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(t.id)); err != nil {
		tb.Fatalf("tenant %q: %v", t.id, err)
	}
	conn, err := pgx.Connect(tb.Context(), string(o))
	if err != nil {
		tb.Fatalf("connect as superuser: %v", err)
	}
	defer conn.Close(tb.Context())
	if err := conn.QueryRow(tb.Context(), ledgerSQL, tenant.UUID(), meter).Scan(&l.Events, &l.Quantity, &l.Used, &l.Leased, &l.Unleased); err != nil {
		tb.Fatalf("read the ledger of %s: %v", meter, err)
	}
	return l
}

// hundredAtOnce spreads checks over both servers, and settles each at the other one.
func hundredAtOnce(t *testing.T, f *fleet, how string) {
	t.Helper()
	acme := f.tenant(t, how, "free")
	servers := [2]*visitor{acme.admin(t, 0), acme.admin(t, 1)}
	var admitted [2]atomic.Int64
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			in := map[string]any{"meter": "ai.calls"}
			if how == "recorded" {
				in["record"] = fmt.Sprint("call ", n)
			}
			got, status, err := servers[n%2].checkMeter(in)
			switch {
			case err != nil || status != http.StatusOK:
				t.Errorf("check %d = %d, %v, want a decision", n, status, err)
				return
			case !got.Allowed && got.Clause != "quota_exceeded":
				t.Errorf("check %d = %+v, want allowed or quota_exceeded", n, got)
				return
			case !got.Allowed:
				return
			}
			admitted[n%2].Add(1)
			if how == "reserved" {
				settleReservation(t, servers[(n+1)%2], got.Reservation.ID)
			}
		})
	}
	all.Wait()
	if n := admitted[0].Load() + admitted[1].Load(); n != 50 {
		t.Errorf("admitted = %d at one and %d at the other, want 50 together", admitted[0].Load(), admitted[1].Load())
	}
	db := observer(f.pg.URL(devpg.Superuser, "gatehouse"))
	if l := db.ledger(t, acme, "ai.calls"); l.Events != 50 || l.Quantity != 50 {
		t.Errorf("the rows say %+v, want 50 events", l)
	}
	within(t, patience, "all is folded, and covered by what was lent", func() bool {
		return db.ledger(t, acme, "ai.calls") == ledger{Events: 50, Quantity: 50, Used: 50}
	})
	for i, v := range servers {
		if got := v.must(t, map[string]any{"meter": "ai.calls"}); got.Allowed || got.Quota.Used != 50 {
			t.Errorf("one more at server %d = %+v, want refused with 50 used", i, got)
		}
	}
}

func settleReservation(t *testing.T, v *visitor, reservation string) {
	t.Helper()
	a, err := v.try(http.MethodPost, "/v1/reservations/"+reservation+"/settle", strings.NewReader("{}"), "Content-Type", "application/json")
	if err != nil || a.status != http.StatusOK {
		t.Errorf("settle = %d %s, %v, want 200", a.status, a.body, err)
	}
}

// givesBackAtItsEnd has the other server admit all that is left in one call, which it cannot while anything of it is lent.
func givesBackAtItsEnd(t *testing.T, f *fleet) {
	t.Helper()
	acme := f.tenant(t, "ending", "free")
	ending, other := acme.admin(t, 0), acme.admin(t, 1)
	other.must(t, map[string]any{"meter": "ai.calls"}) // it knows the tenant
	db := observer(f.pg.URL(devpg.Superuser, "gatehouse"))
	for n := range 100 {
		if got := ending.must(t, map[string]any{"meter": "ai.tokens", "record": fmt.Sprint("use ", n)}); got.Recorded != "accepted" {
			t.Fatalf("use %d = %+v, want it to be recorded", n, got)
		}
	}
	before := db.ledger(t, acme, "ai.tokens")
	began := time.Now()
	f.servers[0].stop(t)
	ended := db.ledger(t, acme, "ai.tokens")
	within(t, 5*time.Second, "the other server can admit the whole rest", func() bool {
		return other.must(t, map[string]any{"meter": "ai.tokens", "quantity": 900}).Allowed
	})
	t.Logf("before, the ledger was %+v, when the server had ended %+v; the rest was admitted %v after SIGTERM", before, ended, time.Since(began).Round(time.Millisecond))
	if before.Leased == 0 || ended.Used+ended.Leased != 100 {
		t.Errorf("used and lent were %+v before and %+v after the end, want something lent before, and then the 100 that are used", before, ended)
	}
	if got := other.must(t, map[string]any{"meter": "ai.tokens"}); got.Allowed {
		t.Errorf("one more = %+v, want refused", got)
	}
	f.servers[0] = f.launch()
	f.awaitReady(t, 0)
}

// quotasWithoutDatabase asks in the moment in which servers still know who asks: a closed meter admits nothing, and an open one as much
// as it may. After that nobody is let in at all, and then everything is as before.
func quotasWithoutDatabase(t *testing.T, f *fleet) {
	t.Helper()
	acme := f.tenant(t, "dark", "free")
	servers := [2]*visitor{acme.admin(t, 0), acme.admin(t, 1)}
	for _, v := range servers {
		for _, meter := range []string{"ai.calls", "searches"} {
			settleReservation(t, v, v.must(t, map[string]any{"meter": meter}).Reservation.ID)
		}
	}
	killDatabase(t, f.pg)
	var unchecked [2]atomic.Int64
	var made [2]chan string
	var all sync.WaitGroup
	for i, v := range servers {
		made[i] = make(chan string, 20)
		for range 10 {
			all.Go(func() {
				if got, status, err := v.checkMeter(map[string]any{"meter": "ai.calls"}); err != nil || status != http.StatusServiceUnavailable {
					t.Errorf("check of a closed meter at server %d = %d %+v, %v, want 503", i, status, got, err)
				}
			})
			all.Go(func() {
				switch got, status, err := v.checkMeter(map[string]any{"meter": "searches"}); {
				case err != nil || status != http.StatusOK:
					t.Errorf("check of an open meter at server %d = %d, %v, want a decision", i, status, err)
				case got.Allowed && got.Quota.Unchecked && got.Quota.Limit == 5:
					unchecked[i].Add(1)
					made[i] <- got.Reservation.ID
				case got.Allowed || got.Clause != "quota_exceeded":
					t.Errorf("check of an open meter at server %d = %+v, want unchecked of 5, or quota_exceeded", i, got)
				}
			})
		}
	}
	all.Wait()
	for i := range unchecked {
		close(made[i])
		if n := unchecked[i].Load(); n != 5 {
			t.Errorf("server %d admitted %d without the database, want 5, which is the cap of each", i, n)
		}
	}
	time.Sleep(bound + 500*time.Millisecond)
	for _, v := range servers {
		for _, meter := range []string{"ai.calls", "searches"} {
			v.call(http.MethodPost, "/v1/check", map[string]any{"meter": meter}).refused(http.StatusServiceUnavailable, "database_unavailable")
		}
	}

	_ = f.pg.Stop(context.WithoutCancel(t.Context())) // says that it has ended by itself, which is true
	again, err := devpg.Start(t.Context(), devpg.Config{Dir: f.pg.Dir})
	if err != nil {
		t.Fatalf("start the database again: %v", err)
	}
	f.pg = again
	for i, v := range servers {
		f.awaitReady(t, i)
		within(t, patience, "meters are checked again", func() bool {
			got, status, err := v.checkMeter(map[string]any{"meter": "ai.tokens"})
			return err == nil && status == http.StatusOK && got.Allowed && !got.Quota.Unchecked
		})
	}
	for i := range made {
		for reservation := range made[i] {
			settleReservation(t, servers[(i+1)%2], reservation)
		}
	}
	db := observer(f.pg.URL(devpg.Superuser, "gatehouse"))
	within(t, patience, "what was not checked is counted, as covered by nothing", func() bool {
		return db.ledger(t, acme, "searches") == ledger{Events: 12, Quantity: 12, Used: 12, Unleased: 10}
	})
	if l := db.ledger(t, acme, "ai.calls"); l.Events != 2 {
		t.Errorf("of the closed meter the rows say %+v, want the 2 events from before", l)
	}
	for n := range 38 {
		if got := servers[n%2].must(t, map[string]any{"meter": "searches"}); !got.Allowed || got.Quota.Unchecked {
			t.Fatalf("check %d after the database was back = %+v, want allowed and checked", n, got)
		}
	}
	if got := servers[0].must(t, map[string]any{"meter": "searches"}); got.Allowed {
		t.Errorf("one more = %+v, want refused: 50 are used or reserved", got)
	}
}
