package e2e_test

import (
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
  notes:
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

// patiently is checkMeter on a machine that may leave a server no time for a second, after which it refuses whatever it is asked.
func (v *visitor) patiently(in map[string]any) (out checked, status int, err error) {
	for range 4 {
		if out, status, err = v.checkMeter(in); status != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(bound)
	}
	return out, status, err
}

// must is patiently where there is a decision.
func (v *visitor) must(tb testing.TB, in map[string]any) checked {
	tb.Helper()
	got, status, err := v.patiently(in)
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
			got, status, err := servers[n%2].patiently(in)
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

// settleReservation settles all that was reserved. To send it again does no harm.
func settleReservation(t *testing.T, v *visitor, reservation string) {
	t.Helper()
	var a answer
	var err error
	for range 4 {
		a, err = v.try(http.MethodPost, "/v1/reservations/"+reservation+"/settle", strings.NewReader("{}"), "Content-Type", "application/json")
		if err == nil && a.status == http.StatusOK {
			if strings.Contains(a.body, "late") {
				t.Errorf("settle = %s, want nothing to be late", a.body)
			}
			return
		}
		time.Sleep(bound)
	}
	t.Errorf("settle = %d %s, %v, want 200", a.status, a.body, err)
}
