package console_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// join makes somebody a member of a tenant.
func (w *world) join(tb testing.TB, t tenants.Tenant, email string, role rbac.Role) (m tenants.Membership) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, w.db.Admit(ctx, t.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		user, err := tenants.NewUser(ctx, sys)
		if err != nil {
			return err
		}
		m, err = tenants.Join(ctx, tx, user, role, tenants.Profile{Email: email}, tenants.SourceInvitation)
		return err
	}))
	return m
}

// now reads a member again, a removed one too.
func (w *world) now(tb testing.TB, t tenants.Tenant, m tenants.Membership) (now tenants.Membership) {
	tb.Helper()
	w.in(tb, t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		now, err = tenants.MemberByUser(ctx, tx, m.UserID)
		return err
	})
	return now
}

// role makes a role of a tenant's own.
func (w *world) role(tb testing.TB, t tenants.Tenant, name string, permissions ...rbac.Permission) (r tenants.CustomRole) {
	tb.Helper()
	w.in(tb, t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		r, err = tenants.CreateCustomRole(ctx, tx, builtin(tb), tenants.NewCustomRole{Name: name, Permissions: permissions})
		return err
	})
	return r
}

func (w *world) deleteRole(tb testing.TB, t tenants.Tenant, r tenants.CustomRole, instead rbac.Role) {
	tb.Helper()
	w.in(tb, t, func(ctx context.Context, tx *db.TenantTx) error {
		return tenants.DeleteCustomRole(ctx, tx, r.ID, instead)
	})
}

func TestAnOwnerLooksAfterMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enterAs(t, rbac.Member) // alice, over the provider
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	anna := w.join(t, w.acme, "anna@elsewhere.test", desk.Role)
	owner := w.browser(t)
	owner.enterOwner()
	owner.get("/").shows(t, "the home page", http.StatusOK, `href="/members"`)
	owner.get("/members").shows(t, "the list", http.StatusOK, "owner@acme.test", "(you)", "Sign-in link", "alice@acme.test", "Acme Okta", "anna@elsewhere.test", "Front desk", "No session")
	page := "/members/" + anna.ID.String()
	owner.get(page).shows(t, "a member", http.StatusOK, "anna@elsewhere.test", "by an invitation", `<option value="`+string(desk.Role)+`" selected>Front desk</option>`, `value="owner"`)

	owner.post(page+"/role", "role", "admin").to(t, "another role", page)
	owner.post(page+"/suspend").to(t, "the suspension", page)
	owner.get(page).shows(t, "the member then", http.StatusOK, "Suspended", "Reinstate", `<option value="admin" selected>`)
	if now := w.now(t, w.acme, anna); now.Role != rbac.Admin || now.Status != tenants.MemberSuspended {
		t.Fatalf("the member is %+v, want a suspended admin", now)
	}
	owner.post(page+"/reinstate").to(t, "the end of the suspension", page)
	owner.post(page+"/remove").shows(t, "an unconfirmed end", http.StatusUnprocessableEntity, "Nothing was changed", "Tick the box")
	if now := w.now(t, w.acme, anna); now.Status != tenants.MemberActive {
		t.Fatalf("the member is %+v, want an active one", now)
	}
	owner.post(page+"/remove", "confirmed", "yes").to(t, "the end", "/members")
	if now := w.now(t, w.acme, anna); now.Status != tenants.MemberRemoved {
		t.Errorf("the member is %+v, want a removed one", now)
	}
	owner.get(page).shows(t, "who was removed", http.StatusNotFound, "There is no such page")
	owner.post(page+"/reinstate").shows(t, "who was removed, once more", http.StatusNotFound, "There is no such page")
}

func TestASuspendedMemberIsSignedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice := w.enterAs(t, rbac.Member)
	owner := w.browser(t)
	owner.enterOwner()
	page := regexp.MustCompile(`/members/mem_[0-9a-z]+">Alice`).FindString(owner.get("/members").body)
	page = strings.TrimSuffix(page, `">Alice`)
	owner.post(page+"/suspend").to(t, "the suspension", page)
	owner.post(page+"/reinstate").to(t, "its end", page)
	eventually(t, "the end of what was open before", func() bool { return alice.get("/").Code == http.StatusSeeOther })
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.browser(t)
	owner.enterOwner()
	page := "/members/" + w.owner.ID.String()
	for what, fields := range map[string][]string{"/role": {"role", "admin"}, "/suspend": nil, "/remove": {"confirmed", "yes"}} {
		owner.post(page+what, fields...).shows(t, what+" of the last owner", http.StatusConflict, "Nothing was changed", tenants.ErrLastOwner.Detail, `role="alert"`)
	}
	if now := w.now(t, w.acme, w.owner); now.Role != rbac.Owner || now.Status != tenants.MemberActive {
		t.Errorf("the last owner is %+v", now)
	}
}

func TestMembersAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, page := w.join(t, w.acme, "boss@elsewhere.test", rbac.Owner), "/members"
	own := page + "/" + boss.ID.String()
	posts := [][]string{{"/role", "role", "viewer"}, {"/suspend"}, {"/reinstate"}, {"/remove", "confirmed", "yes"}}
	owner, stranger := w.browser(t), w.stranger(t)
	owner.enterOwner()
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	member := w.enterAs(t, rbac.Member)
	for _, path := range []string{page, own} {
		member.get(path).shows(t, path+" for a member", http.StatusForbidden, "role_lacks_permission")
	}
	stranger.get(own).shows(t, "the page for another tenant's owner", http.StatusNotFound, "There is no such page")
	if list := stranger.get(page).body; strings.Contains(list, "acme.test") || !strings.Contains(list, "owner@globex.test") {
		t.Errorf("another tenant's list:\n%s", list)
	}
	for _, p := range posts {
		member.post(own+p[0], p[1:]...).shows(t, p[0]+" by a member", http.StatusForbidden, "role_lacks_permission")
		stranger.post(own+p[0], p[1:]...).shows(t, p[0]+" by another tenant's owner", http.StatusNotFound, "There is no such page")
		owner.postFrom("cross-site", own+p[0], p[1:]...).shows(t, p[0]+" from another site", http.StatusForbidden, "cross_site")
	}
	admin := w.enterAs(t, rbac.Admin)
	if got := admin.get(own); strings.Contains(got.body, own+"/") || !strings.Contains(got.body, "Nothing you can change") {
		t.Errorf("an administrator is offered to change an owner:\n%s", got.body)
	}
	for _, p := range posts {
		admin.post(own+p[0], p[1:]...).shows(t, p[0]+" of an owner by an administrator", http.StatusForbidden, "Nothing was changed", tenants.ErrRoleTooHigh.Detail)
	}
	friend := w.join(t, w.acme, "friend@elsewhere.test", rbac.Viewer)
	admin.post(page+"/"+friend.ID.String()+"/role", "role", "owner").shows(t, "an owner made by an administrator", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	if body := admin.get(page + "/" + friend.ID.String()).body; strings.Contains(body, `value="owner"`) {
		t.Error("an administrator is offered to make an owner")
	}
	if now := w.now(t, w.acme, boss); now.Role != rbac.Owner || now.Status != tenants.MemberActive {
		t.Errorf("after nothing but refusals the owner is %+v", now)
	}
	for _, path := range []string{"/members/mem_x", "/members/" + id.New[id.Membership]().String(), "/members?after=mem_x"} {
		owner.get(path).shows(t, path, http.StatusNotFound, "There is no such page")
	}
}

func TestARoleOfYesterdayIsNotGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna := w.join(t, w.acme, "anna@elsewhere.test", rbac.Viewer)
	desk, other := w.role(t, w.acme, "Front desk", rbac.MembersRead), w.role(t, w.globex, "Theirs", rbac.MembersRead)
	owner := w.browser(t)
	owner.enterOwner()
	page := "/members/" + anna.ID.String()
	owner.get(page).shows(t, "the member", http.StatusOK, "Front desk")
	w.deleteRole(t, w.acme, desk, "")
	for _, role := range []rbac.Role{desk.Role, other.Role, "king", ""} {
		owner.post(page+"/role", "role", string(role)).shows(t, fmt.Sprintf("the role %q", role), http.StatusUnprocessableEntity, "This role is not there any more", `href="#role"`)
	}
	if now := w.now(t, w.acme, anna); now.Role != rbac.Viewer {
		t.Errorf("the member has the role %s, want viewer", now.Role)
	}
}

func TestMembersArePagedThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 60 {
		w.join(t, w.acme, fmt.Sprintf("m%02d@elsewhere.test", n), rbac.Viewer)
	}
	owner := w.browser(t)
	owner.enterOwner()
	seen := map[string]bool{}
	path := "/members"
	for pages := 1; ; pages++ {
		body := owner.get(path).body
		for _, m := range regexp.MustCompile(`/members/(mem_[0-9a-z]+)"`).FindAllStringSubmatch(body, -1) {
			if seen[m[1]] {
				t.Errorf("member %s is on two pages", m[1])
			}
			seen[m[1]] = true
		}
		more := regexp.MustCompile(`href="(\?after=mem_[0-9a-z]+)"`).FindStringSubmatch(body)
		if more == nil {
			if pages != 2 || len(seen) != 61 {
				t.Errorf("%d pages have %d members, want 2 with 61", pages, len(seen))
			}
			return
		}
		path = "/members" + more[1]
	}
}
