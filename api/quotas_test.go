package api_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const metersCatalog = `
version: 1
features:
  ai.agents: {from: pro}
  ai.calls:
    meter: {aggregation: count}
    period: day
    numbers: {free: 3, pro: 50, team: 50, enterprise: unlimited}
  ai.tokens:
    meter: {aggregation: sum, unit: tokens, cost: 2000, currency: USD}
    numbers: {free: 1000, pro: 1000000, team: 1000000, enterprise: unlimited}
  exports:
    meter: {aggregation: count, limit: soft}
    numbers: {free: 0, pro: 1, team: 1, enterprise: unlimited}
  visitors:
    meter: {aggregation: unique}
    numbers: {free: 2, pro: 2, team: 2, enterprise: unlimited}
  seats.peak:
    meter: {aggregation: max}
    numbers: {free: 5, pro: 5, team: 5, enterprise: unlimited}
permissions:
  chat:use: {}
  agents:run: {feature: ai.agents}
roles:
  member: {permissions: [chat:use, agents:run]}
`

func startWithMeters(t *testing.T, changes ...func(*gatehouse.Config)) *apitest.Server {
	t.Helper()
	return apitest.Start(t, append(changes, func(c *gatehouse.Config) { c.Catalog = []byte(metersCatalog) })...)
}

// meterAnswer is what tests read of a check of a meter.
type meterAnswer struct {
	Allowed                           bool
	Clause, NeedsPlan, Recorded, Code string
	DecisionID                        string `json:"decision_id"`
	Needs                             string `json:"needs_plan"`
	Reservation                       *struct {
		ID        string
		ExpiresAt time.Time `json:"expires_at"`
	}
	Quota struct {
		Meter                  string
		Limit, Used, Remaining int64
		ResetsAt               time.Time `json:"resets_at"`
		Over, Unlimited        bool
		Budget                 struct {
			Kind, Measure, Currency string
			ByPlan                  bool `json:"by_plan"`
		}
	}
}

type body = map[string]any

func checkMeter(t *testing.T, c *apitest.Client, in body) (out meterAnswer) {
	t.Helper()
	c.Do(t, http.MethodPost, "/v1/check", in).Want(t, http.StatusOK).JSON(t, &out)
	return out
}

// usedOf is what the report says of a meter.
func usedOf(t *testing.T, s *apitest.Server, tenant *apitest.Tenant, meter string) (n int64) {
	t.Helper()
	var report struct{ Rows []struct{ Value int64 } }
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter="+meter, nil).Want(t, http.StatusOK).JSON(t, &report)
	for _, r := range report.Rows {
		n += r.Value
	}
	return n
}

func TestACheckReservesAndSettles(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	member := s.Session(t, tenant, rbac.Member)
	c := s.Bearer(member)
	first := checkMeter(t, c, body{"permission": "chat:use", "meter": "ai.tokens", "quantity": 600})
	if q := first.Quota; !first.Allowed || first.Reservation == nil || q.Limit != 1000 || q.Used != 600 || q.Remaining != 400 || q.ResetsAt.IsZero() ||
		q.Budget.Kind != "tenant" || !q.Budget.ByPlan {
		t.Fatalf("check of 600 of 1000 = %+v, want a reservation and 400 left", first)
	}
	if in := time.Until(first.Reservation.ExpiresAt); in < 50*time.Second || in > 61*time.Second {
		t.Errorf("it expires in %v, want a minute", in)
	}
	second := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 600})
	if second.Allowed || second.Clause != "quota_exceeded" || second.Needs != "pro" || second.Reservation != nil || second.Quota.Remaining != 400 {
		t.Errorf("check of another 600 = %+v, want quota_exceeded with 400 left and needs_plan pro", second)
	}
	path := "/v1/reservations/" + first.Reservation.ID
	var settled struct {
		Status      string
		Late, Above bool
	}
	in := body{"quantity": 100, "model": "large", "feature": "chat", "input_tokens": 60, "output_tokens": 40}
	for _, want := range []string{"accepted", "duplicate"} {
		if c.Do(t, http.MethodPost, path+"/settle", in).Want(t, http.StatusOK).JSON(t, &settled); settled.Status != want || settled.Late || settled.Above {
			t.Errorf("settle = %+v, want %s", settled, want)
		}
		in["quantity"] = 500 // the first time counts
	}
	var released struct{ Repeated bool }
	if c.Do(t, http.MethodPost, path+"/release", nil).Want(t, http.StatusOK).JSON(t, &released); !released.Repeated {
		t.Error("release of what is settled does not say that it is")
	}
	third := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 900})
	if !third.Allowed || third.Quota.Remaining != 0 {
		t.Fatalf("check of what is left = %+v, want allowed: 500 came back at once", third)
	}
	c.Do(t, http.MethodPost, "/v1/reservations/"+third.Reservation.ID+"/release", nil).Want(t, http.StatusOK)
	if fourth := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 900}); !fourth.Allowed {
		t.Errorf("check after the release = %+v, want allowed", fourth)
	}
	var report struct {
		Rows []struct {
			User, Model, Feature string
			Value, Events, Cost  int64
			InputTokens          int64 `json:"input_tokens"`
		}
	}
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter=ai.tokens&group_by=user,model,feature", nil).
		Want(t, http.StatusOK).JSON(t, &report)
	if len(report.Rows) != 1 {
		t.Fatalf("report = %+v, want one row", report)
	}
	if r := report.Rows[0]; r.User != member.Member.UserID.String() || r.Model != "large" || r.Feature != "chat" || r.Value != 100 || r.Events != 1 || r.InputTokens != 60 || r.Cost != 200 {
		t.Errorf("report = %+v, want 100 tokens once for 200 billionths by the member", r)
	}
}

func TestAReservationIsOfWhoMadeIt(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	member := s.Session(t, tenant, rbac.Member)
	made := checkMeter(t, s.Bearer(member), body{"meter": "ai.tokens", "quantity": 10})
	path := "/v1/reservations/" + made.Reservation.ID
	for who, c := range map[string]*apitest.Client{
		"a member of another tenant":    s.Bearer(s.Session(t, other, rbac.Owner)),
		"a machine of another tenant":   s.Machine(s.APIKey(t, other, rbac.Admin)),
		"another member":                s.Bearer(s.Session(t, tenant, rbac.Admin)),
		"a machine that may not record": s.Machine(s.APIKey(t, tenant, rbac.Member)),
	} {
		for _, what := range []string{"/settle", "/release"} {
			var in any
			if what == "/settle" {
				in = body{"quantity": 1}
			}
			c.Do(t, http.MethodPost, path+what, in).Refused(t, http.StatusNotFound, "not_found")
			_ = who
		}
	}
	c := s.Bearer(member)
	for name, forged := range map[string]string{
		"nothing": "x", "another character": made.Reservation.ID[:40] + flip(made.Reservation.ID[40:]), "a shorter one": made.Reservation.ID[:len(made.Reservation.ID)-2],
		"a reservation's id": id.New[id.Reservation]().String(),
	} {
		if got := c.Do(t, http.MethodPost, "/v1/reservations/"+forged+"/settle", body{"quantity": 1}); got.StatusCode != http.StatusNotFound {
			t.Errorf("settle of %s = %d, want 404", name, got.StatusCode)
		}
	}
	c.Do(t, http.MethodPost, path+"/settle", body{"quantity": 1, "user": "usr_x"}).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
	s.Machine(s.APIKey(t, tenant, rbac.Admin)).Do(t, http.MethodPost, path+"/settle", body{"quantity": 7}).Want(t, http.StatusOK)
	var report struct {
		Rows []struct {
			User   string
			APIKey string `json:"api_key"`
			Value  int64
		}
	}
	s.Bearer(s.Session(t, tenant, rbac.Owner)).Do(t, http.MethodGet, "/v1/usage?meter=ai.tokens&group_by=user,api_key", nil).
		Want(t, http.StatusOK).JSON(t, &report)
	if len(report.Rows) != 1 || report.Rows[0].User != member.Member.UserID.String() || report.Rows[0].APIKey != "" || report.Rows[0].Value != 7 {
		t.Errorf("report = %+v, want 7 of the member who reserved, settled by the tenant's machine", report)
	}
}

func flip(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func TestAnExpiredReservationCountsAllTheSame(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Member))
	made := checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 1000, "hold_seconds": 1})
	if next := checkMeter(t, c, body{"meter": "ai.tokens"}); next.Allowed {
		t.Fatalf("check while all is reserved = %+v, want refused", next)
	}
	for end := time.Now().Add(20 * time.Second); !checkMeter(t, c, body{"meter": "ai.tokens", "quantity": 1000, "hold_seconds": 1}).Allowed; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what a reservation held that was left behind does not come back")
		}
	}
	var settled struct {
		Status      string
		Late, Above bool
	}
	c.Do(t, http.MethodPost, "/v1/reservations/"+made.Reservation.ID+"/settle", body{"quantity": 1000}).Want(t, http.StatusOK).JSON(t, &settled)
	if settled.Status != "accepted" || !settled.Late {
		t.Errorf("settle of an expired one = %+v, want accepted and late", settled)
	}
	if n := usedOf(t, s, tenant, "ai.tokens"); n != 1000 {
		t.Errorf("counted = %d, want 1000", n)
	}
}

func TestACheckRecordsOnce(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Member))
	for n, want := range []string{"accepted", "duplicate", "duplicate"} {
		if got := checkMeter(t, c, body{"permission": "chat:use", "meter": "ai.calls", "record": "the same"}); !got.Allowed || got.Recorded != want || got.Reservation != nil {
			t.Errorf("check that records, %d = %+v, want allowed and %s", n, got, want)
		}
	}
	for n := range 2 {
		if got := checkMeter(t, c, body{"meter": "ai.calls", "record": fmt.Sprint("another ", n)}); !got.Allowed || got.Recorded != "accepted" || got.Quota.Limit != 3 {
			t.Errorf("check that records another = %+v, want allowed and accepted", got)
		}
	}
	if got := checkMeter(t, c, body{"meter": "ai.calls", "record": "one more"}); got.Allowed || got.Clause != "quota_exceeded" || got.Quota.Used != 3 {
		t.Errorf("check that records one more = %+v, want quota_exceeded with 3 used: duplicates take nothing", got)
	}
	if n := usedOf(t, s, tenant, "ai.calls"); n != 3 {
		t.Errorf("counted = %d, want 3", n)
	}
	if got := checkMeter(t, c, body{"permission": "agents:run", "meter": "ai.tokens", "record": "x"}); got.Allowed || got.Clause != "feature_not_in_plan" {
		t.Errorf("check of what the plan lacks = %+v, want feature_not_in_plan", got)
	}
	if n := usedOf(t, s, tenant, "ai.tokens"); n != 0 {
		t.Errorf("counted of what was refused = %d, want 0", n)
	}
}

func TestAHundredChecksAtOnceAreHeldToFifty(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	for _, how := range []string{"reserve", "record"} {
		tenant := s.NewTenant(t, billing.Pro)
		c := s.Bearer(s.Session(t, tenant, rbac.Member))
		var allowed atomic.Int64
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				in := body{"meter": "ai.calls"}
				if how == "record" {
					in["record"] = fmt.Sprint(n)
				}
				a := c.Do(t, http.MethodPost, "/v1/check", in)
				for range 3 { // on a machine that leaves a server no time for a second; nothing was taken, and the id counts once
					if a.StatusCode != http.StatusServiceUnavailable {
						break
					}
					time.Sleep(time.Second)
					a = c.Do(t, http.MethodPost, "/v1/check", in)
				}
				var got meterAnswer
				a.Want(t, http.StatusOK).JSON(t, &got)
				if got.Allowed {
					allowed.Add(1)
				}
				if got.Reservation != nil {
					c.Do(t, http.MethodPost, "/v1/reservations/"+got.Reservation.ID+"/settle", body{}).Want(t, http.StatusOK)
				}
			})
		}
		all.Wait()
		if n := allowed.Load(); n != 50 {
			t.Errorf("%s: allowed = %d, want 50", how, n)
		}
		if n := usedOf(t, s, tenant, "ai.calls"); n != 50 {
			t.Errorf("%s: counted = %d, want 50", how, n)
		}
	}
}

func TestWhatRaisesALimitDoesSoAtOnce(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Bearer(s.Session(t, tenant, rbac.Member))
	take := func(n int, record bool) meterAnswer {
		in := body{"meter": "ai.tokens", "quantity": n, "hold_seconds": 600}
		if record {
			in = body{"meter": "ai.tokens", "quantity": n, "record": id.New[id.Request]().UUID().String()}
		}
		return checkMeter(t, c, in)
	}
	for n, record := range []bool{false, true} {
		if got := take(500, record); !got.Allowed {
			t.Fatalf("check %d of 500 = %+v, want allowed", n, got)
		}
	}
	refused := func(after string) {
		t.Helper()
		for _, record := range []bool{false, true} {
			if got := take(1, record); got.Allowed {
				t.Errorf("check of one more after %s = %+v, want refused", after, got)
			}
		}
	}
	refused("all was used")
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := quota.Give(ctx, tx, quota.Grant{Meter: "ai.tokens", Amount: 100, ExpiresAt: tx.Now.Add(time.Hour), Reason: "sorry"})
		return err
	})
	if got := take(100, true); !got.Allowed || got.Quota.Limit != 1100 {
		t.Errorf("check of 100 more after a grant = %+v, want allowed", got)
	}
	refused("the grant was used")
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		held, err := catalog.Parse("catalog", []byte(metersCatalog))
		if err != nil {
			return err
		}
		_, err = tenants.SetOverride(ctx, tx, held, tenants.Override{
			Override: billing.Override{Feature: "ai.tokens", Number: &billing.Number{Value: 2000}}, Reason: "a friend",
		})
		return err
	})
	if got := take(900, false); !got.Allowed {
		t.Errorf("check of 900 more after an override of 2000 and 100 granted = %+v, want allowed", got)
	}
	tenant.SetPlan(t, billing.Enterprise)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveOverride(ctx, tx, "ai.tokens") })
	if got := take(1_000_000, false); !got.Allowed || !got.Quota.Unlimited {
		t.Errorf("check of a million on a plan without an end = %+v, want allowed and unlimited", got)
	}
	tenant.SetPlan(t, billing.Free)
	refused("the plan was lowered")
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		return quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.calls", Measure: quota.Events, Kind: quota.OfTenant, Period: billing.Day, Amount: 1_000_000})
	})
	allowed := 0
	for range 5 {
		if checkMeter(t, c, body{"meter": "ai.calls"}).Allowed {
			allowed++
		}
	}
	if allowed != 3 {
		t.Errorf("allowed = %d of a plan's 3 under a rule of a million, want 3: a rule gives no more than the plan", allowed)
	}
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "unpaid")
		return err
	})
	if got := checkMeter(t, c, body{"meter": "visitors"}); got.Allowed || got.Clause != "tenant_suspended" {
		t.Errorf("check in a suspended tenant = %+v, want tenant_suspended", got)
	}
}
