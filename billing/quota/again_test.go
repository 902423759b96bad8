package quota_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Who begins anew again and again, since the ground moves each time, is told to try again: that is no fault of the server's, no refusal, and no
// outage in which a meter would be open.
func TestWhoMeetsChangesEachTimeIsToldToTryAgain(t *testing.T) {
	t.Parallel()
	r := build(t)
	// The rows of budgets are gone whenever somebody looks.
	_, err := r.admin.Exec(t.Context(), `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
		CREATE TRIGGER swallow BEFORE INSERT ON quotas FOR EACH ROW EXECUTE FUNCTION swallow()`)
	if err != nil {
		t.Fatal(err)
	}
	e, tenant := r.engine(t, nil), r.tenant(t)
	open := &quota.Terms{Meter: billing.PlainMeter(), Number: billing.Number{Value: 10}, Version: 1}
	open.Meter.Unavailable, open.Meter.Cap = billing.Open, 5
	things := &quota.Terms{Meter: open.Meter, Number: open.Number, Version: 1}
	things.Meter.Aggregation = billing.Unique
	c := quota.Call{Tenant: tenant, Meter: meter, Quantity: 1, Terms: open}
	unique := quota.Call{Tenant: tenant, Meter: "seats", Quantity: 1, Subject: "a thing", Terms: things}
	for name, ask := range map[string]func() (quota.Decision, error){
		"Take": func() (quota.Decision, error) {
			_, d, err := e.Take(t.Context(), c)
			return d, err
		},
		"Take of a unique meter": func() (quota.Decision, error) {
			_, d, err := e.Take(t.Context(), unique)
			return d, err
		},
		"Reserve": func() (quota.Decision, error) {
			_, d, err := e.Reserve(t.Context(), c, time.Minute)
			return d, err
		},
	} {
		if d, err := ask(); d.Allowed || errs.As(err).Kind != errs.Unavailable || errs.As(err).Code != "try_again" {
			t.Errorf("%s = %+v, %v, want try_again", name, d, err)
		}
	}
}
