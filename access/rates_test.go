package access_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const metered = sold + `
limits:
  free: {requests: 60/min, concurrent: 5}
  pro: {requests: 600/min}
`

// held is the limit of all of the world's tenant together, and the plan that allows more.
func (w *world) held(s *access.Store) string {
	w.Helper()
	p, err := s.Member(w.Context(), w.tenant.ID, w.owner.ID)
	must(w, err)
	rate := s.Rates(p).Of(catalog.API)
	return strings.TrimSpace(rate.Tenant.String() + " " + string(rate.TenantNeeds))
}

func TestAPinnedTenantKeepsItsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(metered))
	w.move(billing.Free)
	s := w.store()
	want(t, "before", w.held(s), "60/min pro")
	pin := w.pin()
	for i, source := range []string{
		strings.Replace(metered, "60/min", "10/min", 1),
		strings.Replace(metered, "60/min", "300/min", 1),
		sold, // no limits at all
	} {
		w.apply([]byte(source))
		w.soon("the catalog is known", func() bool { c, _ := s.Catalog(); return string(c.Source()) == source })
		// What allows more is the lowest plan whose newest version does: it may be the tenant's own.
		want(t, "pinned", w.held(s), []string{"60/min pro", "60/min free", "60/min free"}[i])
	}
	if got := w.pin(); got != pin {
		t.Errorf("the tenant has %v, want %v still", got, pin)
	}
	p := &authn.Principal{Plan: string(billing.Free)}
	if got := s.Rates(p).Of(catalog.API); got != nil {
		t.Errorf("Rates of the newest version = %+v, want none", got)
	}
	w.apply([]byte(strings.Replace(metered, "60/min", "300/min", 1)))
	w.move(billing.Free)
	w.soon("the move is known", func() bool { return w.held(s) == "300/min pro" })
}

func TestATrialLendsTheLimitsOfItsPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(metered))
	w.move(billing.Free)
	s := w.deaf(w.config())
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Pro}, tx.Now.Add(time.Hour))
		return err
	})
	want(t, "on trial", w.held(s), "600/min")
	w.ahead.Add(int64(time.Hour + time.Minute))
	want(t, "after it", w.held(s), "60/min pro")
}

// An earlier release wrote versions without limits: they are held to what the newest say, and the first catalog with limits makes new ones.
func TestAVersionWithoutLimitsFollowsTheCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(metered))
	w.move(billing.Free)
	w.exec("DELETE FROM plan_versions WHERE plan <> 'free' OR version > 1")
	w.exec("ALTER TABLE plan_versions DISABLE TRIGGER ALL")
	w.exec("UPDATE plan_versions SET terms = (SELECT terms - 'limits' FROM plan_versions LIMIT 1)")
	w.exec("UPDATE tenants SET plan_version = 1")
	s := w.store()
	want(t, "after the upgrade", w.held(s), "60/min pro")
	if diff := cmp.Diff("free@1 free@2", strings.Join(w.pinsOf(billing.Free), " ")); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	w.apply([]byte(strings.Replace(metered, "60/min", "30/min", 1)))
	w.soon("the version without limits follows", func() bool { return w.held(s) == "30/min pro" })
	w.move(billing.Free)
	w.apply([]byte(metered))
	c, _ := s.Catalog()
	w.soon("the catalog is known", func() bool { now, _ := s.Catalog(); return now != c })
	want(t, "the version with limits", w.held(s), "30/min free")
}

func (w *world) pinsOf(plan billing.Plan) (pins []string) {
	for _, v := range w.versions() {
		if name, _, _ := strings.Cut(v, " "); strings.HasPrefix(name, string(plan)+"@") {
			pins = append(pins, name)
		}
	}
	return pins
}
