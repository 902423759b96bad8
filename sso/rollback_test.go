package sso_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// returning signs somebody in with a browser that remembers them, if they have come in before.
func (c *company) returning(tb testing.TB, login string, last sso.Last) (sso.Result, error) {
	tb.Helper()
	r, err := c.signIn.Begin(visitor(tb), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID, Last: last})
	must(tb, err)
	return (&tab{w: c.world, redirect: r}).prove(tb, c.idp, login).finish(tb)
}

// cameIn signs somebody in and returns what their browser remembers of it.
func (c *company) cameIn(tb testing.TB, login string) sso.Last {
	tb.Helper()
	c.add(tb, c.person(login))
	result, err := c.enter(tb, login)
	must(tb, err)
	return sso.Last{Tenant: c.tenant.ID, Connection: c.connection.ID, Member: c.principal(tb, result.Issued).Membership}
}

// spoil stores a client secret that the provider does not know.
func (c *company) spoil(tb testing.TB) {
	tb.Helper()
	c.change(tb, func(d *sso.Draft) { d.ClientSecret = secret.New("not the secret") })
}

// change saves the company's connection with something else than there is.
func (c *company) change(tb testing.TB, what func(*sso.Draft)) {
	tb.Helper()
	d := c.stored(tb).Draft()
	what(&d)
	prepared, err := c.signIn.Prepare(authn.AsOperator(tb.Context()), d)
	must(tb, err)
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
}

func (c *company) happened(tb testing.TB, event string) (n int) {
	tb.Helper()
	must(tb, c.world.admin.QueryRow(tb.Context(), "SELECT count(*) FROM events WHERE tenant_id::text = $1 AND type = $2", c.tenant.ID.UUID().String(), event).Scan(&n))
	return n
}

func TestAChangeThatLocksPeopleOutIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	c.spoil(t)
	fails := func(login string, last sso.Last) {
		t.Helper()
		if _, err := c.returning(t, login, last); sso.ReasonOf(err) != sso.TokenRefused {
			t.Fatalf("sign-in with a wrong secret = %v, want token_refused", err)
		}
	}
	for range 3 { // who is unknown to us counts for nothing, and one person counts once
		fails("mia", sso.Last{})
		fails("mia", mia)
	}
	if n := c.happened(t, "connection.rolled_back"); n != 0 {
		t.Fatalf("one person took a change back")
	}
	bad, notices := c.stored(t), w.notices(t, c)
	fails("noah", noah)
	now := c.stored(t)
	if c.happened(t, "connection.rolled_back") != 1 || now.SecretHint != c.connection.SecretHint || now.Version <= bad.Version {
		t.Fatalf("after two people were locked out: %d roll-backs, secret %s, version %d", c.happened(t, "connection.rolled_back"), now.SecretHint, now.Version)
	}
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("the owner got %d letters, want 1", n)
	}
	if _, err := c.returning(t, "mia", mia); err != nil {
		t.Errorf("after the roll-back: %v, want a session", err)
	}
}

func TestOtherPeopleWhoComeInKeepAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	c.cameIn(t, "zoe")
	c.cameIn(t, "ada")
	c.change(t, func(d *sso.Draft) { d.JIT, d.Claims.Name = false, "nickname" })
	for _, login := range []string{"zoe", "ada"} {
		must(t, second(c.enter(t, login)))
	}
	must(t, c.idp.Play("OIDC-040"))
	for login, last := range map[string]sso.Last{"mia": mia, "noah": noah} {
		if _, err := c.returning(t, login, last); err == nil {
			t.Fatal("the scenario refused nobody")
		}
	}
	if n := c.happened(t, "connection.rolled_back"); n != 0 {
		t.Error("a change was taken back although as many people came in as failed")
	}
}

func TestAfterTheWatchOwnersAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	c.spoil(t)
	w.ahead.Store(int64(25 * time.Hour))
	notices := w.notices(t, c)
	for range 2 {
		for login, last := range map[string]sso.Last{"mia": mia, "noah": noah} {
			if _, err := c.returning(t, login, last); err == nil {
				t.Fatal("a wrong secret refused nobody")
			}
		}
	}
	if n := c.happened(t, "connection.rolled_back"); n != 0 {
		t.Error("a change was taken back after its watch")
	}
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("the owner got %d letters, want 1", n)
	}
}

func TestWhatAnOwnerHasDecidedIsNotTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	must(t, c.move(authn.AsOperator(t.Context()), sso.Required))
	must(t, c.move(authn.AsOperator(t.Context()), sso.Optional))
	must(t, c.idp.Play("OIDC-040"))
	for login, last := range map[string]sso.Last{"mia": mia, "noah": noah} {
		if _, err := c.returning(t, login, last); err == nil {
			t.Fatal("the scenario refused nobody")
		}
	}
	if now := c.stored(t); now.Status != sso.Optional || c.requiresSSO(t) || c.happened(t, "connection.rolled_back") != 0 {
		t.Errorf("after two people were locked out, the connection is %s again, want that it stays optional", now.Status)
	}
}

func TestARollBackTakesBackOnlyWhatCouldBeTheCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	lastOf := map[string]sso.Last{"mia": c.cameIn(t, "mia"), "noah": c.cameIn(t, "noah")}
	c.change(t, func(d *sso.Draft) {
		d.ClientSecret, d.Name, d.Preset = secret.New("not the secret"), "Renamed", "okta"
		d.JIT, d.DefaultRole, d.Testers = false, rbac.Viewer, []string{"mia@" + c.domain}
		d.Claims, d.GroupRoles = sso.ClaimMapping{Name: "nickname", Groups: "teams"}, []sso.GroupRole{{Group: "staff", Role: rbac.Admin}}
	})
	for login, last := range lastOf {
		if _, err := c.returning(t, login, last); sso.ReasonOf(err) != sso.TokenRefused {
			t.Fatalf("sign-in with a wrong secret = %v, want token_refused", err)
		}
	}
	now := c.stored(t)
	if c.happened(t, "connection.rolled_back") != 1 || now.SecretHint != c.connection.SecretHint || now.Claims.Name != "" {
		t.Fatalf("the change was not taken back: secret %s, claims %+v", now.SecretHint, now.Claims)
	}
	if now.Name != "Renamed" || now.Preset != "okta" || now.JIT || now.DefaultRole != rbac.Viewer || len(now.Testers) != 1 || len(now.GroupRoles) != 1 ||
		now.Claims.Groups != "teams" {
		t.Errorf("the roll-back took back what could not be the cause: %+v", now)
	}
}

func TestACertificateThatWasTakenAwayDoesNotComeBackByItself(t *testing.T) {
	t.Parallel()
	leaked, good := sso.SAMLCertificate{Fingerprint: "leaked", NotAfter: time.Now().Add(time.Hour)}, sso.SAMLCertificate{Fingerprint: "good", NotAfter: time.Now().Add(time.Hour)}
	connection := func(declined string, list ...sso.SAMLCertificate) sso.Connection {
		return sso.Connection{Status: sso.Optional, SAML: &sso.SAML{EntityID: "x", Certificates: list, Metadata: sso.SAMLMetadata{Declined: []string{declined}}}}
	}
	for what, tc := range map[string]struct {
		then, now sso.Connection
		want      bool
	}{
		"only removed":              {connection("", leaked, good), connection("leaked", good), false},
		"nothing else works":        {connection("", leaked), connection("leaked", good), false},
		"another one was added":     {connection("", good), connection("", good, leaked), false},
		"replaced by an update":     {connection("", good), connection("", leaked), true},
		"removed and then replaced": {connection("", good, leaked), connection("leaked"), true},
	} {
		got, err := sso.ConnectionVersion{Settings: tc.then}.Curable(tc.now, time.Now())
		if err != nil || got != tc.want {
			t.Errorf("%s: curable = %v, %v, want %v", what, got, err, tc.want)
		}
	}
}
