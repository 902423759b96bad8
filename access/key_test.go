package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func (w *world) askKey(s *access.Store, cred secret.Credential) string {
	w.Helper()
	return say(s.Key(w.Context(), cred))
}

func TestKEY_06_KeyThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.join("ada", rbac.Admin), w.join("bob", rbac.Admin)
	s := w.store()
	fresh := func(by tenants.Membership, in tenants.NewKey) secret.Credential {
		t.Helper()
		in.Name, in.Role = "ci", rbac.Admin
		_, cred := w.key(by, in)
		want(t, "a new key", w.askKey(s, cred), "admin on team")
		return cred
	}
	become := func(what string, cred secret.Credential, code string) {
		t.Helper()
		took := w.soon(what+": "+code, func() bool { return w.askKey(s, cred) == code })
		t.Logf("%s after %v", what, took.Round(100*time.Microsecond))
	}
	cred := fresh(ada, tenants.NewKey{})
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		return w.keys.Revoke(ctx, tx, id.From[id.Key](cred.ID))
	})
	become("revoked", cred, "api_key_invalid")

	byAda, byBob, byOperator := fresh(ada, tenants.NewKey{}), fresh(bob, tenants.NewKey{}), fresh(tenants.Membership{}, tenants.NewKey{})
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, ada.ID)
		return err
	})
	become("creator suspended", byAda, "api_key_invalid")
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.ResumeMember(ctx, tx, ada.ID)
		return err
	})
	become("creator resumed", byAda, "admin on team")
	w.in(func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, ada.ID) })
	become("creator removed", byAda, "api_key_invalid")

	w.setRole(bob, rbac.Viewer)
	become("creator demoted", byBob, "viewer on team")
	w.setRole(bob, rbac.Owner)
	become("creator promoted", byBob, "admin on team") // never above the key's own role
	want(t, "the operator's key", w.askKey(s, byOperator), "admin on team")

	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "unpaid")
		return err
	})
	become("tenant suspended", byBob, "tenant_suspended")
	want(t, "a revoked key of a suspended tenant", w.askKey(s, cred), "api_key_invalid")
	must(t, w.db.Admit(w.ctx(), w.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(w.ctx(), sys, tx) }))
	become("tenant deleted", byBob, "api_key_invalid")
}

func TestKEY_03_EveryWrongKeyAnswersTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	_, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Admin})
	other, _ := w.company("globex")
	changes := map[string]func(*secret.Credential){
		"secret":        func(c *secret.Credential) { c.Secret[31] ^= 1 },
		"generation":    func(c *secret.Credential) { c.Generation++ },
		"id":            func(c *secret.Credential) { c.ID[15] ^= 1 },
		"no id":         func(c *secret.Credential) { c.ID = [16]byte{} },
		"tenant":        func(c *secret.Credential) { c.Tenant = other.ID.Bytes() },
		"no tenant":     func(c *secret.Credential) { c.Tenant = [16]byte{} },
		"installation":  func(c *secret.Credential) { c.Tenant = id.Installation.Bytes() },
		"kind of token": func(c *secret.Credential) { c.Prefix = secret.PrefixRefresh },
		"everything":    func(c *secret.Credential) { *c = secret.Credential{} },
	}
	refuse := func(when string) {
		for what, change := range changes {
			wrong := cred
			change(&wrong)
			p, err := s.Key(t.Context(), wrong)
			if p != nil || say(p, err) != "api_key_invalid" || err.Error() != access.ErrKeyInvalid.Error() {
				t.Errorf("Key with a wrong %s %s = %v, %v, want the one refusal", what, when, p, err)
			}
		}
	}
	refuse("before the right one was seen")
	p, err := s.Key(t.Context(), cred)
	must(t, err)
	if p.Kind != authn.APIKey || p.Key != id.From[id.Key](cred.ID) || p.Tenant != w.tenant.ID || !p.Membership.IsZero() || !p.User.IsZero() {
		t.Errorf("Key = %+v, want a machine of the tenant and no person", p)
	}
	refuse("after the right one was seen")
}

func TestKEY_14_ExactTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	expires := time.Now().Add(2 * time.Hour)
	k, first := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member, ExpiresAt: expires})
	want(t, "the first secret", w.askKey(s, first), "member on team")
	var second secret.Credential
	var until time.Time
	w.in(func(ctx context.Context, tx *db.TenantTx) (err error) {
		until = tx.Now.Add(time.Hour)
		k, second, err = w.keys.Rotate(ctx, tx, k.ID, time.Hour)
		return err
	})
	w.soon("the second secret works", func() bool { return w.askKey(s, second) == "member on team" })
	want(t, "the first secret within the overlap", w.askKey(s, first), "member on team")
	// The store's estimate of the database's time is off by half a round trip at most.
	w.ahead.Store(int64(time.Until(until) - 100*time.Millisecond))
	want(t, "the first secret at the end of the overlap", w.askKey(s, first), "member on team")
	w.ahead.Store(int64(time.Until(until) + 100*time.Millisecond))
	want(t, "the first secret after the overlap", w.askKey(s, first), "api_key_invalid")
	want(t, "the second secret after the overlap", w.askKey(s, second), "member on team")
	w.ahead.Store(int64(time.Until(expires) - 100*time.Millisecond))
	want(t, "the second secret before it expires", w.askKey(s, second), "member on team")
	w.ahead.Store(int64(time.Until(expires) + 100*time.Millisecond))
	want(t, "the second secret when it has expired", w.askKey(s, second), "api_key_invalid")
}

func TestKEY_13_LastUseIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member})
	unused, _ := w.key(w.owner, tenants.NewKey{Name: "unused", Role: rbac.Member})
	s, stop := w.run(w.config())
	wrong := cred
	wrong.Secret[0] ^= 1
	for range 100 {
		want(t, "the key", w.askKey(s, cred), "member on team")
		want(t, "a guess", w.askKey(s, wrong), "api_key_invalid")
	}
	stop() // writes what is left
	w.in(func(ctx context.Context, tx *db.TenantTx) error {
		used, err := w.keys.Find(ctx, tx, k.ID)
		must(t, err)
		idle, err := w.keys.Find(ctx, tx, unused.ID)
		if used.LastUsedAt == nil || time.Since(*used.LastUsedAt).Abs() > 10*time.Second || idle.LastUsedAt != nil {
			t.Errorf("last use = %v, and of an unused key %v", used.LastUsedAt, idle.LastUsedAt)
		}
		return err
	})
}

func TestAKeyCarriesItsOwnLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	_, plain := w.key(tenants.Membership{}, tenants.NewKey{Name: "plain", Role: rbac.Viewer})
	_, limited := w.key(tenants.Membership{}, tenants.NewKey{Name: "limited", Role: rbac.Viewer, RateLimit: ratelimit.PerMinute(60).WithBurst(10)})
	for cred, want := range map[secret.Credential]authn.Rate{plain: {}, limited: {Events: 60, Per: time.Minute, Burst: 10}} {
		for range 2 { // from the database, and from memory
			p, err := s.Key(t.Context(), cred)
			if err != nil {
				t.Fatalf("Key = %v", err)
			}
			if p.Rate != want {
				t.Errorf("Key(%s) has the rate %+v, want %+v", p.Name, p.Rate, want)
			}
		}
	}
}

func TestRatesAreThoseOfThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	c, _ := s.Catalog()
	for _, plan := range billing.Plans() {
		if got := s.Rates(&authn.Principal{Plan: string(plan)}); got == nil || got != c.Rates(plan) {
			t.Errorf("Rates(%s) = %v, want those of the catalog in force", plan, got)
		}
	}
	if got := s.Rates(&authn.Principal{}); got != nil {
		t.Errorf("Rates of no plan = %v, want none", got)
	}
}
