package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

func TestAChangeIsTriedAndNotSaved(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	path := "/v1/connections/" + p.tenant.Connect(t).String()
	owner := s.Bearer(s.Session(t, p.tenant, rbac.Owner))
	saved := string(owner.Do(t, "GET", path, nil).Want(t, 200).Text)
	before := s.SnapshotOf(t, p.tenant.ID)

	var out struct {
		URL       string            `json:"authorization_url"`
		Endpoints map[string]any    `json:"endpoints"`
		Form      map[string]string `json:"authorization_form"`
	}
	wrong := map[string]any{"claims": map[string]any{"email": "mail"}}
	start := owner.Do(t, "POST", path+"/test-change", wrong).Want(t, 200)
	start.JSON(t, &out)
	if !strings.HasPrefix(out.URL, p.tenant.IDP.URL()) || len(out.Endpoints) == 0 || out.Form != nil {
		t.Errorf("test-change = %s, want the way to the provider", start.Text)
	}
	cookie, rest, _ := strings.Cut(start.Header.Get("Set-Cookie"), ";")
	if !strings.Contains(cookie, "_attempt_") || !strings.Contains(rest, "HttpOnly") || !strings.Contains(rest, "SameSite=None") {
		t.Errorf("the answer's cookie is %q, want the one that binds the attempt to the browser", start.Header.Get("Set-Cookie"))
	}
	back, err := p.tenant.IDP.Authorize(t.Context(), out.URL, "member")
	if err != nil {
		t.Fatal(err)
	}
	page := s.Anonymous().With("Accept", "text/html").With("Sec-Fetch-Site", "cross-site").With("Cookie", cookie).
		Do(t, http.MethodGet, strings.TrimPrefix(back, s.URL), nil).Want(t, 200)
	for _, want := range []string{"These settings are not saved", string(sso.EmailInvalid)} {
		if !strings.Contains(string(page.Text), want) {
			t.Errorf("the page after the try does not show %q", want)
		}
	}

	if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID), "attempts", "attempt_documents", "events"); changed != "" {
		t.Errorf("the try changed\n%s", changed)
	}
	if now := string(owner.Do(t, "GET", path, nil).Want(t, 200).Text); now != saved {
		t.Errorf("the connection after the try = %s, want %s", now, saved)
	}
}

func TestXT_09_WhoMayNotMakeAChangeDoesNotTryIt(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	path := "/v1/connections/" + p.tenant.Connect(t).String() + "/test-change"
	change := map[string]any{"name": "Another name"}
	old, member := s.Bearer(s.Session(t, p.tenant, rbac.Admin, apitest.SignedInAgo(time.Hour))), s.Bearer(s.Session(t, p.tenant, rbac.Member))
	owner, machine := s.Bearer(s.Session(t, p.tenant, rbac.Owner)), s.Machine(s.APIKey(t, p.tenant, rbac.Admin))
	stranger := s.Bearer(s.Session(t, s.NewTenant(t, billing.Enterprise), rbac.Owner))
	before := s.SnapshotOf(t, p.tenant.ID)
	old.Do(t, "POST", path, change).Refused(t, 403, "reauth_required")
	member.Do(t, "POST", path, change).Refused(t, 403, "role_lacks_permission")
	machine.Do(t, "POST", path, change).Refused(t, 403, "session_required")
	stranger.Do(t, "POST", path, change).Refused(t, 404, "not_found")
	owner.Do(t, "POST", path, map[string]any{"default_role": "owner"}).Refused(t, 422, "invalid_input")
	owner.Do(t, "POST", path, map[string]any{"claims": map[string]any{"email": "sub"}}).Refused(t, 422, "invalid_input")
	if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID), "api_keys"); changed != "" {
		t.Errorf("refused tries left\n%s", changed)
	}
	s.Bearer(s.Session(t, p.tenant, rbac.Admin)).Do(t, "POST", path, change).Want(t, 200)
}
