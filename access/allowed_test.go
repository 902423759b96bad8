package access_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestAllowedInProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.join("ada", rbac.Viewer)
	other, stranger := w.company("globex")
	s := w.store()
	become := func(what, want string, m id.Membership, permission rbac.Permission, feature billing.Feature) {
		t.Helper()
		w.soon(what+": "+want, func() bool {
			allowed := s.Allowed(t.Context(), w.tenant.ID, m, permission, feature)
			d := s.Check(t.Context(), w.tenant.ID, m, permission, feature)
			if d.Allowed != (d.Clause == "") || d.ID.IsZero() || (d.Message == "") != d.Allowed {
				t.Errorf("%s: Check = %+v, want a clause, a message and an id of a refusal", what, d)
			}
			return d.Clause == want && allowed == d.Allowed
		})
	}
	become("a viewer reads", "", ada.ID, rbac.MembersRead, "")
	become("a viewer with a feature of the plan", "", ada.ID, rbac.MembersRead, billing.SSO)
	become("a viewer writes", "role_lacks_permission", ada.ID, rbac.MembersWrite, "")
	become("nothing is asked", "unknown_permission", ada.ID, "", "")
	become("another tenant's member", "no_membership", stranger.ID, rbac.MembersRead, "")
	become("nobody", "no_membership", id.Membership{}, rbac.MembersRead, "")
	if s.Allowed(t.Context(), other.ID, ada.ID, rbac.MembersRead, "") || s.Allowed(t.Context(), id.Tenant{}, ada.ID, rbac.MembersRead, "") {
		t.Error("a member is allowed something in another tenant")
	}
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPlan(ctx, tx, billing.Free)
		return err
	})
	become("a feature that the plan has lost", "feature_not_in_plan", ada.ID, rbac.MembersRead, billing.SSO)
	w.setRole(ada, rbac.Admin)
	become("a promoted viewer writes", "", ada.ID, rbac.MembersWrite, "")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, ada.ID)
		return err
	})
	become("a suspended member", "member_suspended", ada.ID, rbac.MembersRead, "")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "unpaid")
		return err
	})
	become("a member of a suspended tenant", "tenant_suspended", w.owner.ID, rbac.MembersRead, "")
}

func TestAllowedAllocatesNothing(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	w := newWorld(t)
	s := w.calm()
	ctx, tenant, owner := t.Context(), w.tenant.ID, w.owner.ID
	for what, ask := range map[string]func() bool{
		"Allowed": func() bool { return s.Allowed(ctx, tenant, owner, rbac.MembersRead, billing.SSO) },
		"refused": func() bool { return !s.Allowed(ctx, tenant, owner, rbac.MembersRead, "nothing") },
		"Check":   func() bool { return s.Check(ctx, tenant, owner, rbac.MembersRead, billing.SSO).Allowed },
	} {
		if !ask() {
			t.Errorf("%s: the wrong answer", what)
		}
		if got := testing.AllocsPerRun(1000, func() { ask() }); got != 0 {
			t.Errorf("%s allocates %v times, want 0", what, got)
		}
	}
}

func TestColdTenantCostsFewStatements(t *testing.T) {
	t.Parallel()
	if n := newWorld(t).cold(); n < 1 || n > 3 {
		t.Errorf("the first question about a tenant costs %d statements beside those of the scopes, want 1 to 3", n)
	}
}

// Who asks about the same at the same time waits for one load of it.
func TestOneLoadServesAllWhoWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.calm()
	sid := w.session(w.owner, "google")
	tx, err := w.admin.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	ctx, statements := db.Count(t.Context())
	var all sync.WaitGroup
	begun := make(chan struct{}, 50)
	for range 50 {
		all.Go(func() {
			begun <- struct{}{}
			if got := say(s.Session(ctx, w.tenant.ID, sid)); got != "owner on team" {
				t.Errorf("the session = %q", got)
			}
		})
	}
	for range 50 {
		<-begun
	}
	w.soon("somebody loads", func() bool { return statements.Statements() > 0 })
	must(t, tx.Rollback(t.Context()))
	all.Wait()
	if n := statements.Statements(); n > 8 { // a few may come when the load is over, and none of them finds nothing
		t.Errorf("50 questions at once cost %d statements, want those of one load", n)
	}
}

// Who began the load and goes away leaves nobody behind.
func TestWhoWaitsOutlivesWhoLoads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.calm()
	sid := w.session(w.owner, "google")
	tx, err := w.admin.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	impatient, leave := context.WithCancel(t.Context())
	counted, statements := db.Count(impatient)
	answers := make(chan string, 2)
	go func() { answers <- say(s.Session(counted, w.tenant.ID, sid)) }()
	w.soon("the first one loads", func() bool { return statements.Statements() > 1 })
	go func() { answers <- say(s.Session(t.Context(), w.tenant.ID, sid)) }()
	w.soon("the second one waits", func() bool { return s.Stats().Misses.Load() == 2 })
	time.Sleep(10 * time.Millisecond)
	leave()
	if got := <-answers; got == "owner on team" {
		t.Errorf("who went away got %q", got)
	}
	must(t, tx.Rollback(t.Context()))
	want(t, "the session of who waited", <-answers, "owner on team")
}
