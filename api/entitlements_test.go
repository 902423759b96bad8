package api_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type entitled struct {
	Plan     string
	Version  int64
	Trial    *struct{ Plan string }
	Move     *struct{ Plan string }
	Features []struct {
		Name, Source string
		Included     bool
		Number       *int64
		Unlimited    bool
		ExpiresAt    *time.Time `json:"expires_at"`
	}
}

// of says one feature in a line.
func (e entitled) of(tb testing.TB, name string) (included bool, number int64, source string) {
	tb.Helper()
	for _, f := range e.Features {
		if f.Name == name {
			if f.Number != nil {
				number = *f.Number
			}
			return f.Included, number, f.Source
		}
	}
	tb.Errorf("there is no feature %q", name)
	return false, 0, ""
}

func TestEntitlementsSayWhereEachFeatureIsFrom(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	c, stranger := s.Bearer(s.Session(t, tenant, rbac.Owner)), s.Bearer(s.Session(t, other, rbac.Owner))
	read := func(c *apitest.Client) (e entitled) {
		c.Do(t, "GET", "/v1/entitlements", nil).Want(t, 200).JSON(t, &e)
		return e
	}
	before := read(c)
	if included, number, source := before.of(t, "seats"); before.Plan != "pro" || before.Version < 1 || !included || number != 10 || source != "plan" {
		t.Errorf("entitlements = %+v, want 10 seats by the plan pro", before)
	}
	_, tag := grantsOf(t, c)
	override := func(ctx context.Context, tx *db.TenantTx, life time.Duration) error {
		_, err := tenants.SetOverride(ctx, tx, builtin(t), tenants.Override{
			Override: billing.Override{Feature: "seats", Number: &billing.Number{Value: 12}, Expires: tx.Now.Add(life)}, Reason: "a secret of sales",
		})
		return err
	}
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		if _, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Team}, tx.Now.Add(time.Hour)); err != nil {
			return err
		}
		if _, err := tenants.SchedulePlan(ctx, tx, billing.Pin{Plan: billing.Free}, tx.Now.Add(time.Hour)); err != nil {
			return err
		}
		return override(ctx, tx, time.Hour)
	})
	after := read(c)
	if after.Plan != "pro" || after.Trial == nil || after.Trial.Plan != "team" || after.Move == nil || after.Move.Plan != "free" {
		t.Errorf("entitlements = %+v, want pro with a trial of team and a move to free", after)
	}
	if included, number, source := after.of(t, "seats"); !included || number != 12 || source != "override" {
		t.Errorf("seats = %v, %d, %s, want 12 by an override", included, number, source)
	}
	if included, _, source := after.of(t, "sso"); !included || source != "trial" {
		t.Errorf("sso = %v, %s, want it by the trial", included, source)
	}
	if included, _, source := after.of(t, "chat"); !included || source != "plan" {
		t.Errorf("chat = %v, %s, want it by the plan", included, source)
	}
	granted, lent := grantsOf(t, c)
	if lent == tag || !slices.Contains(granted.Features, billing.SSO) {
		t.Errorf("permissions = %+v by the tag %s, want sso and another tag than %s", granted, lent, tag)
	}
	if diff := cmp.Diff(before, read(stranger)); diff != "" {
		t.Errorf("another tenant (-want +got):\n%s", diff)
	}
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error { return override(ctx, tx, 100*time.Millisecond) })
	within(t, time.Second, func() bool { // the clock ends it, and no announcement
		included, number, source := read(c).of(t, "seats")
		return included && number == 50 && source == "trial"
	})
}
