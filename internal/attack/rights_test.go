package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// A header that stands twice is read twice by somebody: it is refused where it decides anything.
func TestHeadersThatStandTwice(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner, viewer := s.Session(t, c.Tenant, rbac.Owner), s.Session(t, c.Tenant, rbac.Viewer)
	key := s.APIKey(t, c.Tenant, rbac.Admin)
	bearer := "Bearer " + owner.Access
	for name, header := range map[string]http.Header{
		"authorization":             {"Authorization": {"Bearer " + viewer.Access, bearer}},
		"authorization and key":     {"Authorization": {bearer}, "X-Api-Key": {key.Secret}},
		"key":                       {"X-Api-Key": {key.Secret, key.Secret}},
		"cookie of one name":        {"Cookie": {sessions.AccessCookie + "=" + viewer.Access, sessions.AccessCookie + "=" + owner.Access}},
		"cookie and authorization":  {"Cookie": {sessions.AccessCookie + "=" + viewer.Access}, "Authorization": {bearer}},
		"tokens in one":             {"Authorization": {"Bearer " + viewer.Access + ", " + bearer}},
		"token with a space before": {"Authorization": {"Bearer  " + owner.Access}},
		"two tenants":               {"Authorization": {bearer}, "X-Tenant-Id": {c.ID.String(), c.ID.String()}},
		"host of our own":           {"Authorization": {bearer}, "Host": {hostOf(t, s)}},
	} {
		if a := sendRaw(t, s, "GET", "/v1/members", header); a.StatusCode != 400 && a.StatusCode != 401 {
			t.Errorf("%s twice = %d, want a refusal", name, a.StatusCode)
		}
	}
	body := `{"name":"k","role":"viewer"}`
	for name, header := range map[string]http.Header{
		"content type":    {"Content-Type": {"application/json", "text/plain"}},
		"idempotency key": {"Content-Type": {"application/json"}, "Idempotency-Key": {"first-key-1234", "second-key-1234"}},
	} {
		header["Authorization"] = []string{bearer}
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/api-keys", strings.NewReader(body))
		must(t, err)
		r.Header = header
		if a := s.Anonymous().Send(t, r); a.StatusCode/100 != 4 {
			t.Errorf("%s twice = %d, want a refusal", name, a.StatusCode)
		}
	}
}

// The answer that is kept for a repetition belongs to one principal, one route and one body; and whoever lost the right to it
// meanwhile does not get it.
func TestKeptAnswersAreNobodyElses(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c, other := newCompany(t, s), newCompany(t, s)
	admin := c.Members[rbac.Admin]
	body := map[string]any{"name": "k", "role": "viewer", "expires_at": time.Now().Add(time.Hour)}
	with := func(session *apitest.Session) *apitest.Client {
		return s.Bearer(session).With("Idempotency-Key", "the-same-key-1")
	}
	session := s.SessionOf(t, c.Tenant, admin)
	first := with(session).Do(t, "POST", "/v1/api-keys", body).Want(t, 201)
	for name, someone := range map[string]*apitest.Session{
		"the owner": s.Session(t, c.Tenant, rbac.Owner), "an admin elsewhere": s.Session(t, other.Tenant, rbac.Admin),
	} {
		if a := with(someone).Do(t, "POST", "/v1/api-keys", body).Want(t, 201); string(a.Text) == string(first.Text) {
			t.Errorf("%s gets the answer to somebody else", name)
		}
	}
	changed := maps.Clone(body)
	changed["role"] = "admin"
	if a := with(session).Do(t, "POST", "/v1/api-keys", changed); a.StatusCode/100 != 4 {
		t.Errorf("the same key with another body = %d", a.StatusCode)
	}
	if a := with(session).Do(t, "POST", "/v1/connections", c.Connection()); a.StatusCode/100 != 4 {
		t.Errorf("the same key on another route = %d", a.StatusCode)
	}
	s.Bearer(s.Session(t, c.Tenant, rbac.Owner)).Do(t, "PATCH", "/v1/members/"+admin.ID.String(), map[string]any{"role": "viewer"}).Want(t, 200)
	with(session).Do(t, "POST", "/v1/api-keys", body).Refused(t, 403, "role_lacks_permission")
}

// Several rights at once: whoever may change connections changes nothing about who is owner.
func TestAnAdminDoesNotBecomeOwnerThroughTheProvider(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner := c.Members[rbac.Owner]
	s.Identity(t, owner, c.connection, c.IDP.URL())
	admin := s.Bearer(s.Session(t, c.Tenant, rbac.Admin))
	for name, change := range map[string]map[string]any{
		"a subject of one's choice": {"claims": map[string]any{"subject": "nickname"}},
		"a role by claim":           {"claims": map[string]any{"role": "role"}},
		"owner by default":          {"default_role": "owner"},
		"all of it":                 {"status": "active", "id": c.connection.String()},
	} {
		if a := admin.Do(t, "PATCH", "/v1/connections/"+c.connection.String(), change); a.StatusCode/100 != 4 {
			t.Errorf("%s = %d %s", name, a.StatusCode, a.Text)
		}
	}
	// The admin's own provider says that they are the owner.
	mine, err := s.TestIDP.AddIssuer(testidp.Issuer{
		Name: c.Slug + "-mine", Clients: []testidp.Client{{ID: "x", Secret: "y"}},
		Users: []testidp.User{{Login: "boss", Subject: fmt.Sprint(c.Slug, "-owner"), Email: owner.Email, EmailVerified: true}},
	})
	must(t, err)
	draft := map[string]any{"name": "Mine", "issuer": mine.URL(), "client_id": "x", "client_secret": "y"}
	var made struct {
		ID id.Connection `json:"id"`
	}
	admin.Do(t, "POST", "/v1/connections", draft).Want(t, 201).JSON(t, &made)
	admin.Do(t, "POST", "/v1/connections/"+made.ID.String()+"/activate", nil).Want(t, 200)
	b := newBrowser(s)
	refused(t, s, b, "link_required", func() *apitest.Answer { return b.get(t, prove(t, mine, b.begin(t, c.Tenant, made.ID), "boss")) })
	admin.Do(t, "PATCH", "/v1/connections/"+c.connection.String(), map[string]any{"issuer": mine.URL(), "client_id": "x", "client_secret": "y"})
	admin.Do(t, "POST", "/v1/connections/"+c.connection.String()+"/activate", nil)
	a := b.get(t, prove(t, mine, b.begin(t, c.Tenant, c.connection), "boss"))
	if a.StatusCode < 400 || b.signedIn(t) {
		t.Errorf("the owner's connection, pointed elsewhere = %d", a.StatusCode)
	}
}
