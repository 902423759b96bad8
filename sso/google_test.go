package sso_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// workspace is a company whose people join by Google.
func (w *world) workspace(tb testing.TB) *company {
	tb.Helper()
	c := w.company(tb)
	on, role := true, rbac.Viewer
	c.policy(tb, tenants.PolicyChange{GoogleJIT: &on, GoogleRole: &role})
	return c
}

// googler is an account in the company's Workspace.
func (c *company) googler(tb testing.TB, login string, change ...func(*testidp.User)) string {
	tb.Helper()
	u := testidp.User{Login: login + c.domain, Subject: "g-" + login + c.domain, Email: login + "@" + c.domain, EmailVerified: true, HostedDomain: c.domain}
	for _, f := range change {
		f(&u)
	}
	must(tb, c.google.AddUser(u))
	return u.Login
}

// byGoogle signs in with Google; without a slug nobody has said where to.
func (w *world) byGoogle(tb testing.TB, slug, login string) *tab {
	tb.Helper()
	r, err := w.signIn.Begin(visitor(tb), sso.Start{Slug: slug, Connection: id.Google})
	must(tb, err)
	return (&tab{w: w, redirect: r}).prove(tb, w.google, login)
}

// asGoogle holds refusals of Google in the company's rows.
func (c *company) refusedByGoogle(tb testing.TB, reason sso.Reason, login string) {
	tb.Helper()
	c.refused(tb, reason, func() (sso.Result, error) { return c.byGoogle(tb, c.tenant.Slug, login).finish(tb) })
}

func TestOIDC_073_074_GoogleVouchesByHostedDomainOnly(t *testing.T) {
	t.Parallel()
	c := newWorld(t).workspace(t)
	for name, test := range map[string]struct { //nolint:paralleltest // each compares the rows of one tenant
		change func(*testidp.User)
		want   sso.Reason
	}{
		"no hd":              {func(u *testidp.User) { u.HostedDomain = "" }, sso.HostedDomainMissing},
		"hd of another":      {func(u *testidp.User) { u.HostedDomain = "other.test" }, sso.DomainNotAllowed},
		"hd is a sub-domain": {func(u *testidp.User) { u.HostedDomain = "sub." + u.HostedDomain }, sso.DomainNotAllowed},
		"hd is not a domain": {func(u *testidp.User) { u.HostedDomain = "x y" }, sso.DomainNotAllowed},
		"address of another": {func(u *testidp.User) { u.Email = "u@other.test" }, sso.DomainNotAllowed},
		"not verified":       {func(u *testidp.User) { u.EmailVerified = false }, sso.EmailUnverified},
	} {
		t.Run(name, func(t *testing.T) {
			c.refusedByGoogle(t, test.want, c.googler(t, "u"+strings.ReplaceAll(name, " ", ""), test.change))
		})
	}
	in, err := c.byGoogle(t, c.tenant.Slug, c.googler(t, "good")).finish(t)
	must(t, err)
	if p := c.principal(t, in.Issued); p.Role != "viewer" || p.Method != "google" {
		t.Errorf("joined by %s as %s, want google, viewer", p.Method, p.Role)
	}
}

func TestOIDC_075_AReRegisteredDomainFindsNoOldAccount(t *testing.T) {
	t.Parallel()
	c := newWorld(t).workspace(t)
	_, err := c.byGoogle(t, c.tenant.Slug, c.googler(t, "alice")).finish(t)
	must(t, err)
	again := c.googler(t, "alice", func(u *testidp.User) { u.Subject = "g-new" })
	c.refusedByGoogle(t, sso.IdentityChanged, again)
	c.refusedByGoogle(t, sso.LinkRequired, c.googler(t, "owner")) // who never came by Google
}

func TestOIDC_047_BothSpellingsOfGoogleAreOneIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.workspace(t)
	login := c.googler(t, "alice")
	first, err := c.byGoogle(t, c.tenant.Slug, login).finish(t)
	must(t, err)
	w.google.Misbehave(testidp.Fault{Claims: func(m map[string]any) { m["iss"] = strings.TrimPrefix(w.google.URL(), "http://") }})
	second, err := c.byGoogle(t, c.tenant.Slug, login).finish(t)
	must(t, err)
	if a, b := c.principal(t, first.Issued), c.principal(t, second.Issued); a.User != b.User {
		t.Errorf("two spellings gave two people, want one")
	}
	w.google.Misbehave(testidp.Fault{Claims: func(m map[string]any) { m["iss"] = "accounts.google.com" }})
	c.refusedByGoogle(t, sso.IssuerMismatch, login)
}

func TestGoogleWithoutATenantFindsThePlacesOfThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two, strict := w.workspace(t), w.workspace(t), w.workspace(t)

	login := one.googler(t, "alice")
	in, err := w.byGoogle(t, "", login).finish(t)
	must(t, err)
	if in.Issued.Tenant != one.tenant.ID {
		t.Fatalf("a person of one domain came to %s, want %s", in.Issued.Tenant, one.tenant.ID)
	}
	alice := w.principal(t, in.Issued)
	two.adopt(t, alice.User)
	strict.adopt(t, alice.User)
	on := true
	strict.policy(t, tenants.PolicyChange{RequireSSO: &on})

	back := w.byGoogle(t, "", login)
	offer, err := back.finish(t)
	must(t, err)
	if diff := cmp.Diff([]sso.Choice{
		{Tenant: one.tenant.ID, Slug: one.tenant.Slug, Name: one.tenant.Name},
		{Tenant: two.tenant.ID, Slug: two.tenant.Slug, Name: two.tenant.Name},
	}, offer.Choices, cmp.Comparer(func(a, b id.Tenant) bool { return a == b })); diff != "" {
		t.Fatalf("choices (-want +got):\n%s", diff)
	}
	if offer.Issued.Access != "" {
		t.Error("an offer has tokens")
	}
	for name, tenant := range map[string]id.Tenant{"that demands SSO": strict.tenant.ID, "of others": w.company(t).tenant.ID} {
		if _, err := w.signIn.Choose(visitor(t), back.request(t), offer.State, tenant); err == nil {
			t.Errorf("Choose(a tenant %s) = nil, want a refusal", name)
		}
	}
	stranger := back.request(t)
	stranger.Header.Del("Cookie")
	if _, err := w.signIn.Choose(visitor(t), stranger, offer.State, two.tenant.ID); sso.ReasonOf(err) != sso.WrongBrowser {
		t.Errorf("Choose in another browser = %v, want %s", err, sso.WrongBrowser)
	}
	chosen, err := w.signIn.Choose(visitor(t), back.request(t), offer.State, two.tenant.ID)
	must(t, err)
	if chosen.Issued.Tenant != two.tenant.ID {
		t.Errorf("chose %s and came to %s", two.tenant.ID, chosen.Issued.Tenant)
	}
	if _, err := w.signIn.Choose(visitor(t), back.request(t), offer.State, one.tenant.ID); sso.ReasonOf(err) != sso.AttemptUsed {
		t.Errorf("the second Choose = %v, want %s", err, sso.AttemptUsed)
	}
}

func TestGoogleWithoutATenantKnowsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed, open := w.company(t), w.workspace(t)
	for login, want := range map[string]sso.Reason{
		closed.googler(t, "u"): sso.NoAccount, // its tenant lets nobody join by Google
		open.googler(t, "v", func(u *testidp.User) { u.HostedDomain = "" }):            sso.NoAccount,
		open.googler(t, "w", func(u *testidp.User) { u.HostedDomain = "nobody.test" }): sso.DomainNotAllowed,
		open.googler(t, "x", func(u *testidp.User) { u.EmailVerified = nil }):          sso.NoAccount,
	} {
		_, err := w.byGoogle(t, "", login).finish(t)
		if sso.ReasonOf(err) != want {
			t.Errorf("Google(%s) = %v, want %s", login, err, want)
		}
	}
	if n := len(w.refusals(t, closed.tenant.ID)) + len(w.refusals(t, open.tenant.ID)); n != 0 {
		t.Errorf("tenants that nobody named have %d refusals, want 0", n)
	}
}

func TestXT_040_RequiredSSOClosesGoogle(t *testing.T) {
	t.Parallel()
	c := newWorld(t).workspace(t)
	login := c.googler(t, "alice")
	_, err := c.byGoogle(t, c.tenant.Slug, login).finish(t)
	must(t, err)
	back := c.byGoogle(t, c.tenant.Slug, login)
	on := true
	c.policy(t, tenants.PolicyChange{RequireSSO: &on})
	c.refused(t, sso.GoogleNotAllowed, func() (sso.Result, error) { return back.finish(t) })
	if _, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: id.Google}); sso.ReasonOf(err) != sso.GoogleNotAllowed {
		t.Errorf("Begin = %v, want %s", err, sso.GoogleNotAllowed)
	}
}
