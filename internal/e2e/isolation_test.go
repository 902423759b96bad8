package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// eventually demands a status within a second, which is what every instance promises for what was revoked. It returns how long it took.
func (v *visitor) eventually(method, path string, status int) time.Duration {
	v.tb.Helper()
	began := time.Now()
	for {
		a := v.call(method, path, nil)
		took := time.Since(began)
		if a.status == status {
			return took
		}
		if took > time.Second {
			v.tb.Errorf("%s %s = %d after %v, want %d within a second", method, path, a.status, took, status)
			return took
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// A person of two tenants enters each by its own sign-in. A session that one tenant's provider made does not even learn that the other
// tenant is there.
func switchTenants(t *testing.T, a, b *company) {
	t.Helper()
	v := a.signIn(t, a.browser(t), "mia")
	places := v.call(http.MethodGet, "/v1/me/tenants", nil).is(http.StatusOK)
	if strings.Contains(places.body, b.slug) {
		t.Errorf("the session made by the provider of %s sees %s: %s", a.slug, b.slug, places.body)
	}
	observed := a.server.observer(t)
	observed.unchanged(t, "switching to another tenant", func() {
		v.call(http.MethodPost, "/v1/session/switch", map[string]string{"tenant_id": b.id}).refused(http.StatusNotFound, "not_found")
		v.post("/switch", "tenant", b.id).turnedAway("not_found")
	})
	if got := v.me(); got.Tenant.Slug != a.slug {
		t.Errorf("after the refused switch, me = %+v, want %s", got, a.slug)
	}
	v.get("/login/" + b.slug).is(http.StatusOK).shows(b.connection)
	to := v.post("/login/"+b.slug, "connection", b.connection).leads(b.idpBase())
	v.get(b.prove(t, to, "mia")).leads("/")
	if got := v.me(); got.Tenant.Slug != b.slug || got.Email != b.email("mia") {
		t.Errorf("after the sign-in of %s, me = %+v", b.slug, got)
	}

	// An owner came by a link that was made for one tenant.
	owner := a.owner(t)
	if got := owner.me(); got.Role != "owner" || got.Tenant.Slug != a.slug || got.Session.Method != "link" {
		t.Errorf("with the one-time link, me = %+v, want the owner of %s", got, a.slug)
	}
	owner.call(http.MethodPost, "/v1/session/switch", map[string]string{"tenant_id": b.id}).refused(http.StatusNotFound, "not_found")
	_, credential, _ := strings.Cut(a.link, "#")
	a.browser(t).post("/login/link", "link", credential).is(http.StatusGone)
}

// The provider of one tenant says that somebody has an address of the other's domain, also one that a member there has.
func claimAddress(t *testing.T, a, b *company) {
	t.Helper()
	a.hire(t, "eve", b.email("mia"))
	a.hire(t, "eva", b.email("nobody"))
	observed := a.server.observer(t)
	for _, login := range []string{"eve", "eva"} {
		observed.unchanged(t, "a sign-in of "+login+" with an address of "+b.slug, func() {
			v := a.browser(t)
			to := v.post("/login/"+a.slug, "connection", a.connection).leads(a.idpBase())
			v.get(a.prove(t, to, login)).turnedAway("domain_not_allowed")
			if v.cookies[accessCookie] != "" {
				t.Errorf("%s was signed in", login)
			}
		})
	}
	a.admin(t).call(http.MethodGet, "/v1/sign-ins?limit=1", nil).is(http.StatusOK).shows("domain_not_allowed")

	// A member whose address changes to one of another tenant stays who they are, where they are.
	a.hire(t, "iris", a.email("iris"))
	was := a.signIn(t, a.browser(t), "iris").me()
	a.hire(t, "iris", b.email("mia"))
	others := b.signIn(t, b.browser(t), "mia").me()
	v := a.browser(t)
	to := v.post("/login", "email", a.email("iris")).leads(a.idpBase())
	v.get(a.prove(t, to, "iris")).leads("/")
	if got := v.me(); got.Membership != was.Membership || got.Tenant.ID != a.id || got.User == others.User {
		t.Errorf("with an address of %s, me = %+v, want the member %s of %s", b.slug, got, was.Membership, a.slug)
	}
}

// A state of one connection at the callback of the other; and each connection's own callback for a browser that did not begin.
func crossCallback(t *testing.T, a, b *company) {
	t.Helper()
	observed := a.server.observer(t)
	for _, way := range [][2]*company{{a, b}, {b, a}} {
		from, at := way[0], way[1]
		observed.unchanged(t, "the state of "+from.slug+" at the callback of "+at.slug, func() {
			v := from.browser(t)
			to := v.post("/login", "email", from.email("mia")).leads(from.idpBase())
			back := from.prove(t, to, "mia")
			v.get(strings.Replace(back, from.connection, at.connection, 1)).turnedAway("connection_mismatch")
			v.get(back).turnedAway("attempt_used")
			to = v.post("/login", "email", from.email("mia")).leads(from.idpBase())
			from.browser(t).get(from.prove(t, to, "mia")).turnedAway("wrong_browser")
		})
	}
}

// The code of one tenant's provider at the other's callback, with the other's own state.
func crossProvider(t *testing.T, a, b *company) {
	t.Helper()
	a.server.observer(t).unchanged(t, "a code of another provider", func() {
		v := a.browser(t)
		stolen := a.prove(t, v.post("/login", "email", a.email("mia")).leads(a.idpBase()), "mia")
		honest := b.prove(t, v.post("/login", "email", b.email("mia")).leads(b.idpBase()), "mia")
		_, query, _ := strings.Cut(stolen, "?code=")
		code, _, _ := strings.Cut(query, "&")
		if code == "" {
			t.Fatalf("no code in the callback %s", stolen)
		}
		before, rest, found := strings.Cut(honest, "code=")
		_, after, _ := strings.Cut(rest, "&")
		if !found {
			t.Fatalf("no code in the callback %s", honest)
		}
		v.get(before + "code=" + code + "&" + after).turnedAway("token_refused")
	})
}

// The owner of one tenant, who may do everything there, with the ids of the other.
func crossIDs(t *testing.T, a, b *company) {
	t.Helper()
	link := run[struct {
		Link string `json:"sign_in_link"`
	}](t, nil, "tenant", "link", "--data", a.server.dir, "--tenant", a.slug, "--member", a.email("olga"))
	a.link = link.Link
	owner := a.owner(t)
	victim := b.signIn(t, b.browser(t), "noah")
	them := victim.me()
	keys := decode[struct{ Items []struct{ ID string } }](b.admin(t).call(http.MethodGet, "/v1/api-keys", nil).is(http.StatusOK))
	if len(keys.Items) == 0 {
		t.Fatalf("%s has no API key", b.slug)
	}
	key, ours := keys.Items[0].ID, owner.me().Membership
	sessionPath := "/v1/sessions/" + them.Session.ID
	a.server.observer(t).unchanged(t, "asking for another tenant's ids", func() {
		for _, request := range []struct {
			method, path string
			body         any
		}{
			{http.MethodGet, "/v1/members/" + them.Membership, nil},
			{http.MethodPatch, "/v1/members/" + them.Membership, map[string]string{"role": "viewer"}},
			{http.MethodPost, "/v1/members/" + them.Membership + "/suspend", nil},
			{http.MethodDelete, "/v1/members/" + them.Membership, nil},
			{http.MethodGet, "/v1/members/" + them.Membership + "/sessions", nil},
			{http.MethodDelete, "/v1/members/" + them.Membership + "/sessions", nil},
			{http.MethodDelete, sessionPath, nil},
			{http.MethodGet, "/v1/connections/" + b.connection, nil},
			{http.MethodPatch, "/v1/connections/" + b.connection, map[string]string{"name": "mine"}},
			{http.MethodPost, "/v1/connections/" + b.connection + "/disable", nil},
			{http.MethodDelete, "/v1/connections/" + b.connection, nil},
			{http.MethodGet, "/v1/api-keys/" + key, nil},
			{http.MethodPost, "/v1/api-keys/" + key + "/rotate", struct{}{}},
			{http.MethodDelete, "/v1/api-keys/" + key, nil},
		} {
			owner.call(request.method, request.path, request.body).is(http.StatusNotFound)
		}
		owner.with("X-Tenant-ID", b.id).call(http.MethodGet, "/v1/me", nil).is(http.StatusUnauthorized) // no cookies: a stranger
		owner.bearer(owner.cookies[accessCookie]).with("X-Tenant-ID", b.id).call(http.MethodGet, "/v1/tenant", nil).
			refused(http.StatusBadRequest, "tenant_mismatch")
	})
	for _, list := range []string{
		"/v1/members?limit=200", "/v1/connections?limit=200", "/v1/api-keys?limit=200", "/v1/events?limit=200", "/v1/sign-ins?limit=200",
		"/v1/sessions", "/v1/domains", "/v1/me/tenants", "/v1/identities",
	} {
		got := owner.call(http.MethodGet, list, nil).is(http.StatusOK)
		for _, foreign := range []string{them.Membership, them.User, them.Session.ID, b.connection, key, b.id} {
			if strings.Contains(got.body, foreign) {
				t.Errorf("%s of %s shows %s of %s", list, a.slug, foreign, b.slug)
			}
		}
	}
	if got := victim.me(); got != them || ours == them.Membership {
		t.Errorf("afterwards, me of %s = %+v, want %+v", b.slug, got, them)
	}
}
