package quota_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func (r *rig) within(tb testing.TB, tenant id.Tenant, fn func(context.Context, *db.TenantTx) error) {
	tb.Helper()
	if err := r.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error { return fn(tb.Context(), tx) }); err != nil {
		tb.Fatal(err)
	}
}

func (r *rig) rules(tb testing.TB, tenant id.Tenant, rules ...quota.Rule) {
	tb.Helper()
	r.within(tb, tenant, func(ctx context.Context, tx *db.TenantTx) error {
		for _, rule := range rules {
			if err := quota.SetRule(ctx, tx, rule); err != nil {
				return err
			}
		}
		return nil
	})
}

// A call takes from all of its budgets or from none, whichever of them refuses.
func TestNestedBudgetsAreTakenAllOrNothing(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	ann, bob, key := id.New[id.User](), id.New[id.User](), id.New[id.Key]()
	r.rules(
		t, tenant,
		quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfUser, Period: billing.Month, Amount: 30},
		quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfUser, Subject: bob.UUID(), Period: billing.Month, Amount: 50},
		quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfKey, Period: billing.Day, Amount: 10},
		quota.Rule{Meter: meter, Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Day, Amount: 1_000},
	)
	e := r.engine(t, nil)
	plan := terms(75)
	for _, tt := range []struct {
		name           string
		user           id.User
		key            id.Key
		quantity, cost int64
		want           quota.Kind // that refuses; "" if it is allowed
		wantMeasure    quota.Measure
	}{
		{"ann", ann, id.Key{}, 20, 200, "", ""},
		{"ann again, too much for her", ann, id.Key{}, 11, 0, quota.OfUser, quota.Quantity},
		{"ann, what is left to her", ann, id.Key{}, 10, 100, "", ""},
		{"the key", id.User{}, key, 8, 0, "", ""},
		{"the key, too much", id.User{}, key, 3, 0, quota.OfKey, quota.Quantity},
		{"bob, too dear", bob, id.Key{}, 1, 701, quota.OfTenant, quota.Cost},
		{"bob, too much for the tenant", bob, id.Key{}, 38, 0, quota.OfTenant, quota.Quantity},
		{"bob", bob, id.Key{}, 37, 700, "", ""},
		{"the key, too dear", id.User{}, key, 0, 1, quota.OfTenant, quota.Cost},
		{"nobody, too much for the tenant", id.User{}, id.Key{}, 1, 0, quota.OfTenant, quota.Quantity},
	} {
		d := r.spend(t, e, quota.Call{Tenant: tenant, Meter: meter, User: tt.user, Key: tt.key, Quantity: tt.quantity, Cost: tt.cost, Terms: plan})
		if d.Allowed != (tt.want == "") || d.Budget.Kind != tt.want || d.Budget.Measure != tt.wantMeasure {
			t.Errorf("%s: Take() = %+v, want %q %s to refuse", tt.name, d, tt.want, tt.wantMeasure)
		}
		time.Sleep(30 * time.Millisecond) // refusals are believed for a moment
	}
	e.Return(t.Context())
	r.fold(t)
	for _, tt := range []struct {
		kind    quota.Kind
		measure quota.Measure
		subject uuid.UUID
		want    int64
	}{
		{quota.OfTenant, quota.Quantity, uuid.Nil, 75},
		{quota.OfTenant, "cost USD", uuid.Nil, 1_000},
		{quota.OfUser, quota.Quantity, ann.UUID(), 30},
		{quota.OfUser, quota.Quantity, bob.UUID(), 37},
		{quota.OfKey, quota.Quantity, key.UUID(), 8},
	} {
		used := r.number(t, `SELECT used + 1000000 * leased + 1000000 * unleased FROM quotas WHERE tenant_id = $1 AND kind = $2 AND measure = $3 AND subject = $4`,
			tenant.UUID(), string(tt.kind), string(tt.measure), tt.subject)
		if used != tt.want {
			t.Errorf("used of the %s budget of %s %s = %d, want %d and nothing leased or unleased", tt.measure, tt.kind, tt.subject, used, tt.want)
		}
	}
}

func TestRulesOfOtherTenantsAreNotMet(t *testing.T) {
	t.Parallel()
	r := build(t)
	a, b := r.tenant(t), r.tenant(t)
	r.rules(t, a, quota.Rule{Meter: meter, Measure: quota.Quantity, Kind: quota.OfTenant, Period: billing.Day, Amount: 1})
	e := r.engine(t, nil)
	plan := terms(10)
	for tenant, want := range map[id.Tenant]bool{a: false, b: true} {
		if d := r.spend(t, e, quota.Call{Tenant: tenant, Meter: meter, Quantity: 2, Terms: plan}); d.Allowed != want {
			t.Errorf("Take(2) = %+v, want allowed %v", d, want)
		}
	}
	r.within(t, b, func(ctx context.Context, tx *db.TenantTx) error {
		if list, err := quota.Rules(ctx, tx); err != nil || len(list) != 0 {
			t.Errorf("Rules() of another tenant = %+v, %v, want none", list, err)
		}
		var n int64
		err := tx.DB.Raw("SELECT count(*) FROM quotas WHERE tenant_id = ?", a).Scan(&n).Error
		if err != nil || n != 0 {
			t.Errorf("another tenant sees %d budgets, %v, want none", n, err)
		}
		return nil
	})
}

// A new number, grant or rule holds at the next call, also where the instance had been refused.
func TestWhatIsRaisedInTheMiddleHoldsAtOnce(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	e, other := r.engine(t, nil), r.engine(t, nil)
	take := func(on *quota.Engine, plan *quota.Terms) (n int64) {
		t.Helper()
		for r.spend(t, on, quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: plan}).Allowed {
			n++
		}
		return n
	}
	old := terms(10)
	if n := take(e, old); n != 10 {
		t.Fatalf("admitted %d, want 10", n)
	}
	raised := terms(25)
	raised.Version = 2
	if n := take(e, raised); n != 15 {
		t.Errorf("after the number is raised admitted %d more, want 15", n)
	}
	if n := take(other, old); n != 0 {
		t.Errorf("an instance that knows of an older version admitted %d, want none: 25 of 25 are used", n)
	}
	var g quota.Grant
	r.within(t, tenant, func(ctx context.Context, tx *db.TenantTx) (err error) {
		g, err = quota.Give(ctx, tx, quota.Grant{Meter: meter, Amount: 7, ExpiresAt: tx.Now.AddDate(0, 3, 0), Reason: "sorry"})
		return err
	})
	e.Drop(tenant)
	if n := take(e, raised); n != 7 {
		t.Errorf("after a grant of 7 admitted %d more, want 7", n)
	}
	r.within(t, tenant, func(ctx context.Context, tx *db.TenantTx) error { return quota.Revoke(ctx, tx, g.ID) })
	e.Drop(tenant)
	raised = terms(33)
	raised.Version = 3
	if n := take(e, raised); n != 1 {
		t.Errorf("after the grant is revoked and the number is 33 admitted %d more, want 1", n)
	}
	lowered := terms(5)
	lowered.Version = 4
	if n := take(e, lowered); n != 0 {
		t.Errorf("after the number is lowered admitted %d more, want none", n)
	}
}

func TestASoftLimitSaysThatItIsOver(t *testing.T) {
	t.Parallel()
	r := build(t)
	plan := terms(3)
	plan.Meter.Limit = billing.Soft
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: plan}
	e := r.engine(t, nil)
	for i := range 6 {
		if d := r.spend(t, e, c); !d.Allowed || d.Over != (i >= 3) {
			t.Errorf("call %d: Take() = %+v, want it allowed, and over from the fourth on", i+1, d)
		}
	}
	r.fold(t)
	if used, leased, unleased := r.ledger(t, c.Tenant); used != 6 || leased != 0 || unleased != 3 {
		t.Errorf("used, leased, unleased = %d, %d, %d, want 6, 0, 3", used, leased, unleased)
	}
}

// Each threshold is recorded once, however many instances look, also where one fold passes several.
func TestThresholdsAreRecordedOnce(t *testing.T) {
	t.Parallel()
	r := build(t)
	c := quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: terms(10)}
	var engines []*quota.Engine
	for range 3 {
		e := r.engine(t, nil)
		r.run(t, e.Run)
		engines = append(engines, e)
	}
	told := func() (got string) {
		err := r.admin.QueryRow(t.Context(), `SELECT COALESCE(string_agg(data ->> 'percent', ' ' ORDER BY id), '') FROM events
			WHERE tenant_id = $1 AND type = $2`, c.Tenant.UUID(), string(events.QuotaReached)).Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, tt := range []struct {
		n    int
		want string
	}{{4, ""}, {1, "50"}, {5, "50 80 100"}} {
		for range tt.n {
			until(t, "a unit is there", func() bool { return r.spend(t, engines[0], c).Allowed })
		}
		r.fold(t)
		until(t, "events say "+tt.want, func() bool { return told() == tt.want })
	}
	time.Sleep(1500 * time.Millisecond)
	if got := told(); got != "50 80 100" {
		t.Errorf("percents = %q, want each once", got)
	}
}

func TestWithoutTheDatabaseAMeterIsClosedOrOpenWithACap(t *testing.T) {
	t.Parallel()
	r := build(t)
	tenant := r.tenant(t)
	d, pool := r.open(t, r.urls.URL)
	e, err := quota.New(quota.Config{DB: d, Pool: pool, Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	closed, open, soft := terms(100), terms(100), terms(100)
	open.Meter.Unavailable, open.Meter.Cap = billing.Open, 3
	soft.Meter.Limit = billing.Soft
	d.Close()
	for _, tt := range []struct {
		name  billing.Feature
		terms *quota.Terms
		want  int // admitted of 5
	}{{"closed", closed, 0}, {"open", open, 3}, {"soft", soft, 5}} {
		n := 0
		for range 5 {
			_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: tt.name, Quantity: 1, Terms: tt.terms})
			if tt.want == 0 && errs.As(err).Kind != errs.Unavailable || tt.want > 0 && (err != nil || !d.Unchecked) {
				t.Errorf("%s: Take() = %+v, %v", tt.name, d, err)
			}
			if d.Allowed {
				n++
			}
		}
		if n != tt.want {
			t.Errorf("%s: admitted %d, want %d", tt.name, n, tt.want)
		}
	}
}
