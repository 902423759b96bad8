package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// A role of a tenant's own is made, given, asked about, renamed, changed and deleted; each step is in force for the next request.
func TestCustomRolesFromMakingToDeleting(t *testing.T) {
	t.Parallel()
	p := newPlace(t, apitest.Start(t))
	owner, member := p.Bearer(p.caller), p.Session(t, p.tenant, rbac.Viewer)
	var r struct {
		ID, Name    string
		Version     int64
		Permissions []string
	}
	owner.Do(t, "POST", "/v1/roles", map[string]any{"name": "Front desk", "permissions": []string{"events:read", "members:read", "members:read"}}).
		Want(t, http.StatusCreated).JSON(t, &r)
	if diff := cmp.Diff([]string{"events:read", "members:read"}, r.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	at := "/v1/members/" + member.Member.ID.String()
	owner.Do(t, "PATCH", at, map[string]any{"role": r.ID}).Want(t, http.StatusOK)

	asks := p.Bearer(member)
	allowed := func(permission string, want bool) {
		t.Helper()
		var d struct {
			Allowed bool
			Clause  string
		}
		asks.Do(t, "POST", "/v1/check", map[string]any{"permission": permission}).Want(t, http.StatusOK).JSON(t, &d)
		if d.Allowed != want {
			t.Errorf("check %s = %+v, want allowed %v", permission, d, want)
		}
	}
	allowed("events:read", true)
	allowed("tenant:read", false)
	var all struct{ Permissions []string }
	asks.Do(t, "GET", "/v1/permissions", nil).Want(t, http.StatusOK).JSON(t, &all)
	if diff := cmp.Diff(r.Permissions, all.Permissions); diff != "" {
		t.Errorf("GET /v1/permissions (-want +got):\n%s", diff)
	}
	asks.Do(t, "GET", "/v1/tenant", nil).Refused(t, http.StatusForbidden, "role_lacks_permission")

	owner.Do(t, "PATCH", "/v1/roles/"+r.ID, map[string]any{"name": "Reception", "permissions": []string{"tenant:read"}, "version": r.Version}).
		Want(t, http.StatusOK)
	allowed("events:read", false)
	allowed("tenant:read", true)
	owner.Do(t, "PATCH", "/v1/roles/"+r.ID, map[string]any{"name": "Desk", "version": r.Version}).Refused(t, http.StatusConflict, "role_changed")
	owner.Do(t, "DELETE", "/v1/roles/"+r.ID, nil).Refused(t, http.StatusConflict, "role_in_use")
	owner.Do(t, "DELETE", "/v1/roles/"+r.ID+"?reassign=viewer", nil).Refused(t, http.StatusConflict, "role_would_raise")
	owner.Do(t, "DELETE", "/v1/roles/"+r.ID+"?reassign=owner", nil).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
	owner.Do(t, "PATCH", at, map[string]any{"role": "viewer"}).Want(t, http.StatusOK)
	owner.Do(t, "DELETE", "/v1/roles/"+r.ID, nil).Want(t, http.StatusNoContent)
	owner.Do(t, "GET", "/v1/roles/"+r.ID, nil).Refused(t, http.StatusNotFound, "not_found")
	owner.Do(t, "PATCH", at, map[string]any{"role": r.ID}).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
}

func TestAZ_07_AdminsMakeNoRoleAboveTheirOwn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, apitest.Start(t))
	admin := p.Bearer(p.Session(t, p.tenant, rbac.Admin))
	admin.Do(t, "POST", "/v1/roles", map[string]any{"name": "Ladder", "permissions": []string{"tenant:delete"}}).
		Refused(t, http.StatusUnprocessableEntity, "invalid_input")
	var r struct{ ID string }
	admin.Do(t, "POST", "/v1/roles", map[string]any{"name": "Desk", "permissions": []string{"members:read", "members:write", "roles:write", "roles:read"}}).
		Want(t, http.StatusCreated).JSON(t, &r)
	clerk := p.Session(t, p.tenant, rbac.Viewer)
	admin.Do(t, "PATCH", "/v1/members/"+clerk.Member.ID.String(), map[string]any{"role": r.ID}).Want(t, http.StatusOK)

	low := p.Bearer(clerk)
	low.Do(t, "POST", "/v1/roles", map[string]any{"name": "More", "permissions": []string{"connections:write"}}).
		Refused(t, http.StatusForbidden, "role_above_own")
	low.Do(t, "PATCH", "/v1/roles/"+r.ID, map[string]any{"permissions": []string{"members:read", "connections:write"}}).
		Refused(t, http.StatusForbidden, "role_above_own")
	low.Do(t, "POST", "/v1/invitations", map[string]any{"email": "x@elsewhere.test", "role": "admin"}).Refused(t, http.StatusForbidden, "role_above_own")
	low.Do(t, "POST", "/v1/invitations", map[string]any{"email": "x@elsewhere.test", "role": r.ID}).Want(t, http.StatusCreated)
}

func TestCustomRolesTakeThePlan(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	team := s.NewTenant(t, billing.Team)
	s.Bearer(s.Session(t, team, rbac.Owner)).Do(t, "POST", "/v1/roles", map[string]any{"name": "Desk", "permissions": []string{}}).
		Refused(t, http.StatusForbidden, "feature_not_in_plan")
}
