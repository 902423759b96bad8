package quota_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Who begins anew again and again, since the ground moves each time, is told to try again: that is no fault of the server's, and no refusal.
func TestWhoMeetsChangesEachTimeIsToldToTryAgain(t *testing.T) {
	t.Parallel()
	r := build(t)
	// The rows of budgets are gone whenever somebody looks.
	_, err := r.admin.Exec(t.Context(), `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
		CREATE TRIGGER swallow BEFORE INSERT ON quotas FOR EACH ROW EXECUTE FUNCTION swallow()`)
	if err != nil {
		t.Fatal(err)
	}
	e, c := r.engine(t, nil), quota.Call{Tenant: r.tenant(t), Meter: meter, Quantity: 1, Terms: &quota.Terms{
		Meter: billing.PlainMeter(), Number: billing.Number{Value: 10}, Version: 1,
	}}
	unique := c
	unique.Terms = &quota.Terms{Meter: billing.PlainMeter(), Number: billing.Number{Value: 10}, Version: 1}
	unique.Terms.Meter.Aggregation, unique.Subject = billing.Unique, "a thing"
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
