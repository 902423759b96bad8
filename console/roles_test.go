package console_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// roles reads all roles of acme's own again.
func (w *world) roles(tb testing.TB) (list []tenants.CustomRole) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		list, err = tenants.CustomRoles(ctx, tx, id.Role{}, 100)
		return err
	})
	return list
}

func TestAnOwnerMakesARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.browser(t)
	owner.enterOwner()
	owner.get("/").shows(t, "the home page", http.StatusOK, `href="/roles"`)
	owner.get("/roles").shows(t, "the roles", http.StatusOK, "There are none", "Make a role", "Owner", "Chat with the assistant", "Delete the organization")
	form := owner.get("/roles/new")
	form.shows(t, "the form", http.StatusOK, "Assistant", "Reports", "Invite, change and remove members", `name="may-members:write"`, "Also to delete them")
	if strings.Contains(form.body, "may-tenant:delete") {
		t.Error("the form offers what stays with owners")
	}
	owner.post("/roles", "name", "0wner", "may-members:read", "yes").shows(t, "a name like another's", http.StatusUnprocessableEntity, "This name is reserved", `href="#name"`, `value="0wner"`, `id="may-members:read" value="yes" checked`)
	owner.post("/roles", "name", "Odd", "may-no:such", "yes").shows(t, "no permission of the catalog", http.StatusUnprocessableEntity, "no:such")
	owner.post("/roles", "name", "Odd", "may-tenant:delete", "yes").shows(t, "the owners' permission", http.StatusUnprocessableEntity, "tenant:delete")
	owner.post("/roles", "name", " Front desk ", "description", "Greets people", "may-members:read", "yes", "may-chat:use", "yes").to(t, "the role", "/roles")
	list := w.roles(t)
	if len(list) != 1 || list[0].Name != "Front desk" || !cmp.Equal(list[0].Permissions, []rbac.Permission{"chat:use", rbac.MembersRead}) {
		t.Fatalf("the roles are %+v, want the one that was made", list)
	}
	owner.get("/roles").shows(t, "the roles then", http.StatusOK, "Front desk", "Greets people", "2 permissions")
	page := "/roles/" + list[0].ID.String()
	first := owner.version(page)
	owner.post(page, "version", first, "name", "Reception", "may-members:read", "yes").to(t, "the change", page)
	if now := w.roles(t)[0]; now.Name != "Reception" || !cmp.Equal(now.Permissions, []rbac.Permission{rbac.MembersRead}) || now.Role != list[0].Role {
		t.Errorf("the role is %+v, want the changed one", now)
	}
	for _, version := range []string{first, "", "x"} {
		owner.post(page, "version", version, "name", "Late").shows(t, "a stale form", http.StatusConflict, "Nothing was changed", tenants.ErrRoleChanged.Detail, `value="Reception"`)
	}
	owner.post("/roles", "name", "reception").shows(t, "the name of another role", http.StatusConflict, tenants.ErrRoleExists.Detail)
	owner.post(page+"/delete").shows(t, "an unconfirmed end", http.StatusUnprocessableEntity, "Tick the box")
	owner.post(page+"/delete", "confirmed", "yes").to(t, "the end", "/roles")
	if list := w.roles(t); len(list) != 0 {
		t.Errorf("the roles are %+v, want none", list)
	}
	owner.get(page).shows(t, "a role that is gone", http.StatusNotFound, "There is no such page")
	owner.post(page, "version", "2", "name", "Late").shows(t, "a change of what is gone", http.StatusNotFound, "There is no such page")
}

func TestARoleInUseGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	holds := append(builtin(t).Holds(rbac.Viewer), rbac.EventsRead)
	desk, narrow := w.role(t, w.acme, "Front desk", holds...), w.role(t, w.acme, "Narrow", rbac.EventsRead)
	anna := w.join(t, w.acme, "anna@elsewhere.test", desk.Role)
	owner := w.browser(t)
	owner.enterOwner()
	page := "/roles/" + desk.ID.String()
	got := owner.get(page)
	got.shows(t, "a role in use", http.StatusOK, "1 member has it", `value="viewer"`, `value="`+string(narrow.Role)+`"`)
	if strings.Contains(got.body, `value="member"`) || strings.Contains(got.body, `value="admin"`) {
		t.Error("a role that holds more is offered in its place")
	}
	owner.post(page+"/delete", "confirmed", "yes").shows(t, "a deletion", http.StatusConflict, "Nothing was changed", tenants.ErrRoleInUse.Detail)
	owner.post(page+"/delete", "confirmed", "yes", "instead", "admin").shows(t, "a deletion that raises", http.StatusConflict, tenants.ErrReassignRaises.Detail)
	owner.post(page+"/delete", "confirmed", "yes", "instead", "king").shows(t, "a deletion for nothing", http.StatusUnprocessableEntity, `href="#instead"`)
	if now := w.now(t, w.acme, anna); now.Role != desk.Role {
		t.Fatalf("after refusals the member has %s", now.Role)
	}
	owner.post(page+"/delete", "confirmed", "yes", "instead", "viewer").to(t, "the deletion", "/roles")
	if now := w.now(t, w.acme, anna); now.Role != rbac.Viewer {
		t.Errorf("the member has %s, want viewer", now.Role)
	}
}

func TestRolesAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	high := w.role(t, w.acme, "Nearly all", rbac.MembersRead, rbac.TenantWrite, "agents:manage")
	clerk := w.role(t, w.acme, "Role keeper", rbac.MembersRead, rbac.MembersWrite, rbac.RolesRead, rbac.RolesWrite)
	page := "/roles/" + desk.ID.String()
	gets := []string{"/roles", "/roles/new", page}
	posts := [][]string{{"/roles", "name", "New"}, {page, "name", "Other", "version", "1"}, {page + "/delete", "confirmed", "yes"}}
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	owner, stranger, member := w.browser(t), w.stranger(t), w.enterAs(t, rbac.Member)
	owner.enterOwner()
	for _, path := range gets {
		member.get(path).shows(t, path+" for a member", http.StatusForbidden, "role_lacks_permission")
	}
	for _, p := range posts {
		member.post(p[0], p[1:]...).shows(t, p[0]+" by a member", http.StatusForbidden, "role_lacks_permission")
		owner.postFrom("cross-site", p[0], p[1:]...).shows(t, p[0]+" from another site", http.StatusForbidden, "cross_site")
	}
	stranger.get(page).shows(t, "another tenant's role", http.StatusNotFound, "There is no such page")
	for _, p := range posts[1:] {
		stranger.post(p[0], p[1:]...).shows(t, p[0]+" by another tenant's owner", http.StatusNotFound, "There is no such page")
	}
	if body := stranger.get("/roles").body; strings.Contains(body, "Front desk") {
		t.Error("another tenant's roles are listed")
	}

	// Who keeps roles makes none above their own, changes none, and deletes none.
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, "alice@acme.test")
		if err == nil {
			_, err = tenants.SetRole(ctx, tx, m.ID, clerk.Role)
		}
		return err
	})
	keeper := member
	eventually(t, "the role", func() bool { return keeper.get("/roles").Code == http.StatusOK })
	form := keeper.get("/roles/new")
	if off := regexp.MustCompile(`id="may-tenant:write"[^>]* disabled`); !off.MatchString(form.body) || !strings.Contains(form.body, "You do not have it yourself") {
		t.Errorf("what the author does not have is offered:\n%s", form.body)
	}
	keeper.post("/roles", "name", "Ladder", "may-tenant:write", "yes").shows(t, "a role above its author", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail, `value="Ladder"`)
	above := "/roles/" + high.ID.String()
	if got := keeper.get(above); strings.Contains(got.body, "<form class") || !strings.Contains(got.body, "something that you cannot") {
		t.Errorf("a role above is a form:\n%s", got.body)
	}
	keeper.post(above, "version", "1", "name", "Taken").shows(t, "a change of a role above", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	keeper.post(above+"/delete", "confirmed", "yes").shows(t, "the end of a role above", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	own := "/roles/" + clerk.ID.String()
	keeper.post(own, "version", "1", "name", "Role keeper", "may-members:read", "yes", "may-members:write", "yes", "may-roles:read", "yes", "may-roles:write", "yes", "may-tenant:write", "yes").
		shows(t, "more for the own role", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	if got := w.roles(t); len(got) != 3 || got[1].Version != 1 || got[2].Version != 1 {
		t.Errorf("after nothing but refusals the roles are %+v", got)
	}
}

func TestAPlanWithoutRolesSaysWhichHasThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetPlan(ctx, tx, billing.Team)
		return err
	})
	owner := w.browser(t)
	owner.enterOwner()
	list := owner.get("/roles")
	list.shows(t, "the roles", http.StatusOK, "Your plan does not let you make or change roles", "<b>enterprise</b>", "Front desk")
	if strings.Contains(list.body, "Make a role") {
		t.Error("the page offers to make a role")
	}
	page := "/roles/" + desk.ID.String()
	got := owner.get(page)
	got.shows(t, "the role", http.StatusOK, "<b>enterprise</b>", "See members", "Delete the role")
	if strings.Contains(got.body, "checkbox\" name=\"may-") {
		t.Error("the role is a form")
	}
	owner.get("/roles/new").shows(t, "the form", http.StatusForbidden, "feature_not_in_plan", "enterprise")
	owner.post("/roles", "name", "New").shows(t, "a new role", http.StatusForbidden, "feature_not_in_plan")
	owner.post(page, "version", "1", "name", "Other").shows(t, "a change", http.StatusForbidden, "feature_not_in_plan")
	owner.post(page+"/delete", "confirmed", "yes").to(t, "the deletion", "/roles")
}
