package attack_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// neither holds an answer to what an id that never was gets, byte for byte but for the request id.
func neither(tb testing.TB, c *apitest.Client, method, foreign, unknown string, body any) {
	tb.Helper()
	theirs, nobodys := c.Do(tb, method, foreign, body), c.Do(tb, method, unknown, body)
	same := func(a *apitest.Answer) string {
		return string(bytes.ReplaceAll(a.Text, []byte(a.Header.Get("X-Request-Id")), nil))
	}
	if theirs.StatusCode != http.StatusNotFound || nobodys.StatusCode != http.StatusNotFound || same(theirs) != same(nobodys) {
		tb.Errorf("%s %s = %d %s\nwant what an unknown id gets: %d %s",
			method, foreign, theirs.StatusCode, theirs.Text, nobodys.StatusCode, nobodys.Text)
	}
}

func TestTEN_04_PathsThatMixTwoTenants(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := newCompany(t, s, "alice"), newCompany(t, s)
	owner := s.Bearer(s.Session(t, evil.Tenant, rbac.Owner))
	theirs := s.Session(t, victim.Tenant, rbac.Member)
	before := s.SnapshotOf(t, victim.ID)
	for _, tt := range []struct{ method, before, id, after string }{
		{"GET", "/v1/members/", theirs.Member.ID.String(), "/sessions"},
		{"DELETE", "/v1/members/", theirs.Member.ID.String(), "/sessions"},
		{"POST", "/v1/members/", theirs.Member.ID.String(), "/suspend"},
		{"POST", "/v1/connections/", victim.connection.String(), "/test"},
		{"POST", "/v1/connections/", victim.connection.String(), "/disable"},
		{"POST", "/v1/connections/", victim.connection.String(), "/link"},
		{"DELETE", "/v1/sessions/", theirs.Session.String(), ""},
	} {
		unknown := map[bool]string{
			true: id.New[id.Membership]().String(), false: id.New[id.Connection]().String(),
		}[strings.Contains(tt.before, "members")]
		if strings.Contains(tt.before, "sessions") {
			unknown = id.New[id.Session]().String()
		}
		neither(t, owner, tt.method, tt.before+tt.id+tt.after, tt.before+unknown+tt.after, nil)
	}
	// The pages: a tenant's sign-in with another's connection, and another's callback.
	b := newBrowser(s)
	if a := b.post(t, "/login/"+evil.Slug, "connection", victim.connection.String()); a.StatusCode != http.StatusNotFound {
		t.Errorf("one tenant's sign-in over another's connection = %d, want 404", a.StatusCode)
	}
	if a := b.get(t, "/v1/sign-ins?connection="+victim.connection.String()); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("sign-ins of another tenant = %d", a.StatusCode)
	}
	var list struct {
		Items []any `json:"items"`
	}
	owner.Do(t, "GET", "/v1/sign-ins?connection="+victim.connection.String(), nil).Want(t, 200).JSON(t, &list)
	if len(list.Items) > 0 {
		t.Errorf("sign-ins over another tenant's connection: %v", list.Items)
	}
	if diff := before.Changed(s.SnapshotOf(t, victim.ID)); diff != "" {
		t.Errorf("the victim's rows changed:\n%s", diff)
	}
}

// What would point into another tenant is refused by the request, and by the database where a request could be wrong.
func TestTEN_05_ReferencesToAnotherTenant(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := newCompany(t, s), newCompany(t, s)
	theirs := s.Session(t, victim.Tenant, rbac.Member)
	session := s.Session(t, evil.Tenant, rbac.Owner)
	before := s.SnapshotOf(t, victim.ID)

	c := s.Bearer(session)
	neither(t, c, "POST", "/v1/session/switch", "/v1/session/switch", map[string]any{"tenant_id": victim.ID.String()})
	for _, statement := range []struct {
		what, sql string
		args      []any
	}{
		{
			"a domain over another tenant's connection", "UPDATE domains SET connection_id = ? WHERE tenant_id = ?",
			[]any{victim.connection, evil.ID},
		},
		{
			"a session of another tenant's member",
			`INSERT INTO sessions (id, membership_id, user_id, method, auth_time, device_hash, created_at, last_seen_at, idle_seconds, expires_at, refreshed_at)
				VALUES (?, ?, ?, 'google', now(), '', now(), now(), 60, now(), now())`,
			[]any{id.New[id.Session](), theirs.Member.ID, theirs.Member.UserID},
		},
		{
			"a refresh token of another tenant's session",
			"INSERT INTO refresh_tokens (session_id, generation, hash, created_at) VALUES (?, 99, '', now())",
			[]any{theirs.Session},
		},
		{
			"a link of another tenant's member",
			"INSERT INTO sign_in_links (id, membership_id, hash, created_at, expires_at) VALUES (?, ?, '', now(), now())",
			[]any{id.New[id.Link](), theirs.Member.ID},
		},
		{
			"a key made by another tenant's member", "UPDATE api_keys SET created_by = ? WHERE tenant_id = ?",
			[]any{theirs.Member.ID, evil.ID},
		},
	} {
		s.APIKey(t, evil.Tenant, rbac.Viewer)
		err := s.Scope.Tenant(t.Context(), evil.ID, func(tx *db.TenantTx) error { return tx.DB.Exec(statement.sql, statement.args...).Error })
		if err == nil {
			t.Errorf("%s was written", statement.what)
		}
	}
	if diff := before.Changed(s.SnapshotOf(t, victim.ID)); diff != "" {
		t.Errorf("the victim's rows changed:\n%s", diff)
	}
}

func TestTEN_07_TEN_20_NoListCanBeSortedSearchedOrBatched(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := s.NewTenant(t, billing.Enterprise), s.NewTenant(t, billing.Enterprise)
	c := s.Bearer(s.Session(t, evil, rbac.Owner))
	for _, list := range []string{"members", "sessions", "connections", "api-keys", "events", "sign-ins", "domains"} {
		for _, query := range []string{
			"sort=email", "order_by=tenants.name", "q=%25", "search=a", "filter=1%3D1", "fields=tenant_id", "include=tenant", "expand=user",
			"$filter=true", "$expand=tenant", "select=*", "where=1", "group_by=role", "offset=0", "page=2", "tenant_id=" + victim.ID.String(),
		} {
			if a := c.Do(t, "GET", "/v1/"+list+"?"+query, nil); a.StatusCode != 400 && a.StatusCode != 422 {
				t.Errorf("GET /v1/%s?%s = %d, want a refusal", list, query, a.StatusCode)
			}
		}
	}
	for _, filter := range []string{"type=%25", "type=member.%25", "actor=%25", "target=_%25", "target=*", "actor=%27%20OR%201=1--"} {
		var list struct {
			Items []any `json:"items"`
		}
		if a := c.Do(t, "GET", "/v1/events?"+filter, nil); a.StatusCode == 200 {
			if a.JSON(t, &list); len(list.Items) > 0 {
				t.Errorf("GET /v1/events?%s finds %d events: a pattern was taken for one", filter, len(list.Items))
			}
		}
	}
	for _, path := range []string{"/graphql", "/v1/graphql", "/v1/$batch", "/v1/batch", "/v1/$metadata", "/odata", "/v1/members:batch", "/v1/members/*"} {
		if a := c.Do(t, "POST", path, `{"query":"{tenants{id}}"}`); a.StatusCode != 404 && a.StatusCode != 405 {
			t.Errorf("POST %s = %d, want 404", path, a.StatusCode)
		}
	}
}

func TestTEN_12_NothingPersonalIsCached(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	b := newBrowser(s)
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, 303)
	for _, path := range []string{
		"/v1/me", "/v1/me/tenants", "/v1/members", "/v1/sessions", "/v1/tenant", "/v1/catalog", "/", "/sessions", "/login", "/login/" + c.Slug,
		"/login/link", "/v1/nothing", "/nothing",
	} {
		a := b.get(t, path)
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("GET %s: Cache-Control %q, want no-store", path, got)
		}
		for _, validator := range []string{"ETag", "Last-Modified", "Expires", "Age"} {
			if got := a.Header.Get(validator); got != "" {
				t.Errorf("GET %s: %s %q", path, validator, got)
			}
		}
		if again := b.With("If-None-Match", "*").With("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT").Do(t, "GET", path, nil); again.StatusCode == 304 {
			t.Errorf("GET %s = 304", path)
		}
	}
	// What may be cached is the same for everybody and brings no cookie.
	for _, path := range []string{"/.well-known/jwks.json", "/openapi.yaml", "/docs"} {
		mine, nobodys := b.get(t, path), newBrowser(s).get(t, path)
		if !bytes.Equal(mine.Text, nobodys.Text) || len(mine.Cookies()) > 0 {
			t.Errorf("GET %s differs for who is signed in", path)
		}
	}
}

func TestTEN_13_NoUnkeyedHeaderChangesAnAnswer(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	visitor := s.Anonymous().With("Accept", "text/html")
	evil := http.Header{
		"X-Forwarded-Host": {"evil.test"}, "X-Forwarded-Proto": {"gopher"}, "X-Forwarded-Port": {"666"}, "X-Forwarded-Prefix": {"/evil"},
		"Forwarded": {"host=evil.test;proto=gopher"}, "X-Original-Url": {"/v1/me"}, "X-Rewrite-Url": {"/v1/me"}, "X-Host": {"evil.test"},
		"X-Http-Method-Override": {"DELETE"}, "X-Http-Method": {"DELETE"}, "X-Method-Override": {"DELETE"}, "X-Forwarded-Server": {"evil.test"},
		"X-Real-Ip": {"127.0.0.1"}, "True-Client-Ip": {"127.0.0.1"}, "X-Forwarded-Scheme": {"gopher"}, "Accept-Language": {"evil.test"},
	}
	for path, client := range map[string]*apitest.Client{
		"/login": visitor, "/login/" + c.Slug: visitor, "/docs": visitor, "/openapi.yaml": visitor, "/.well-known/jwks.json": visitor,
		"/nothing": visitor, "/v1/connections": owner, "/v1/tenant": owner,
	} {
		plain := client.Do(t, "GET", path, nil)
		for name, value := range evil {
			a := client.With(name, value[0]).Do(t, "GET", path, nil)
			clean := func(a *apitest.Answer) string {
				return strings.ReplaceAll(string(a.Text), a.Header.Get("X-Request-Id"), "")
			}
			if a.StatusCode != plain.StatusCode || clean(a) != clean(plain) || strings.Contains(a.Header.Get("Location"), "evil") {
				t.Errorf("GET %s with %s: %d and another body than without (%d)", path, name, a.StatusCode, plain.StatusCode)
			}
		}
	}
}

// The path is read once, by the router; what a proxy or another reader might understand differently leads nowhere.
func TestTEN_16_PathsWithTwoReadings(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := newCompany(t, s), newCompany(t, s)
	theirs := victim.Members[rbac.Member].ID.String()
	owner := s.Bearer(s.Session(t, evil.Tenant, rbac.Owner))
	ours := evil.Members[rbac.Member].ID.String()
	before := s.SnapshotOf(t, victim.ID)
	for _, path := range []string{
		"/v1/members/" + ours + "/../" + theirs, "/v1/members/" + ours + "/%2e%2e/" + theirs, "/v1/members/" + ours + "%2f..%2f" + theirs,
		"/v1/members//" + theirs, "//v1/members/" + theirs, "/v1/./members/" + theirs, "/v1/members/" + theirs + "/", "/v1/members/" + theirs + ".",
		"/v1/members/" + theirs + "%00", "/v1/members/" + theirs + ";x=" + ours, "/v1/members/" + theirs + "%20", "/V1/MEMBERS/" + theirs,
		"/v1/members/" + strings.ToUpper(theirs), "/v1/members/" + ours + "," + theirs, "/v1/members\\" + theirs, "/v1/members/%252e%252e/" + theirs,
		"/login/" + strings.ToUpper(victim.Slug), "/login/" + victim.Slug + ".", "/login/" + victim.Slug + "/", "/login/" + victim.Slug + ";x",
		"/login/" + victim.Slug + "%20", "/login/%2e%2e/" + victim.Slug, "/login//" + victim.Slug, "/login/" + evil.Slug + "/../" + victim.Slug,
		"/sso/oidc/" + evil.connection.String() + "/../" + victim.connection.String() + "/callback?state=x",
		"/sso/oidc/" + victim.connection.String() + "/callback/?state=x", "/static/../login", "/static/%2e%2e/login", "/static/..%5clogin",
	} {
		for _, method := range []string{"GET", "DELETE"} {
			a := sendRaw(t, s, method, path, owner.Header)
			if a.StatusCode != 404 && a.StatusCode != 405 && a.StatusCode != 400 {
				t.Errorf("%s %s = %d (Location %q), want 404: %s", method, path, a.StatusCode, a.Header.Get("Location"), a.Text)
			}
		}
	}
	if diff := before.Changed(s.SnapshotOf(t, victim.ID)); diff != "" {
		t.Errorf("the victim's rows changed:\n%s", diff)
	}
}
