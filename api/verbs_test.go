package api_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAZ11NoOtherVerbReachesARow(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	viewer := s.Bearer(s.Session(t, p.tenant, rbac.Viewer))
	target := "/v1/members/" + p.tenant.Members[rbac.Member].ID.String()
	before := s.SnapshotOf(t, p.tenant.ID)
	for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "PUT", "POST", "LINK", "delete", "Delete", "get", "PURGE"} {
		if got := viewer.Do(t, method, target, nil); got.StatusCode != http.StatusMethodNotAllowed && got.StatusCode != http.StatusNotFound {
			t.Errorf("%s = %d, want 405", method, got.StatusCode)
		}
	}
	for _, header := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		viewer.With(header, "DELETE").Do(t, "GET", target, nil).Want(t, 200)
		if got := viewer.With(header, "GET").Do(t, "DELETE", target, nil); got.Problem().Code != "role_lacks_permission" {
			t.Errorf("DELETE with %s: GET = %d %s, want the refusal of DELETE", header, got.StatusCode, got.Text)
		}
	}
	viewer.Do(t, "GET", target+"?_method=DELETE", nil).Refused(t, 400, "unknown_parameter")
	if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
		t.Errorf("rows changed:\n%s", changed)
	}
}

func TestAZ11HeadNeedsWhatGetNeeds(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, func(r web.Row) bool { return closed(r) && reads(r) }) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"HEAD", "OPTIONS"} {
				if got := s.Anonymous().Do(t, method, anyPath(r), nil); got.StatusCode < 400 || got.StatusCode > 499 {
					t.Errorf("%s without a credential = %d, want 4xx", method, got.StatusCode)
				}
			}
		})
	}
}

func TestAZ12NoFieldIsSetThatTheRowDoesNotName(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, func(r web.Row) bool { return closed(r) && mutates(r) }) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			try := p.try(t, label(r))
			fields, takesBody := try.body.(map[string]any)
			if !takesBody {
				before := s.SnapshotOf(t, p.tenant.ID)
				got := s.Bearer(try.caller).Do(t, r.Method, try.path, map[string]any{"role": "owner"})
				if r.Scope == "raw" {
					return // reads no body at all
				}
				got.Refused(t, 400, "unexpected_body")
				if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
					t.Errorf("rows changed:\n%s", changed)
				}
				return
			}
			before := s.SnapshotOf(t, p.tenant.ID)
			for name, value := range map[string]any{
				"is_staff": true, "email_verified": true, "plan": "enterprise", "created_at": "2020-01-01T00:00:00Z", "id": "x", "status": "active",
				"__proto__": map[string]any{"role": "owner"},
			} {
				if _, own := fields[name]; own {
					continue
				}
				body := map[string]any{name: value}
				maps.Copy(body, fields)
				got := s.Bearer(try.caller).Do(t, r.Method, try.path, body).Refused(t, 422, "invalid_input")
				if len(got.Fields) != 1 || got.Fields[0].Name != name {
					t.Errorf("with %s: fields = %v, want that one", name, got.Fields)
				}
			}
			for name := range fields { // the same member twice, and in another case
				for _, text := range []string{`{"` + name + `": null, "` + name + `": null}`, `{"` + strings.ToUpper(name) + `": null}`} {
					if got := s.Bearer(try.caller).Do(t, r.Method, try.path, text); got.StatusCode != 400 && got.StatusCode != 422 {
						t.Errorf("%s = %d, want a refusal", text, got.StatusCode)
					}
				}
			}
			if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
				t.Errorf("rows changed:\n%s", changed)
			}
		})
	}
}
