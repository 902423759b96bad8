package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestRolesOfOnesOwnAreOfferedWhereverRolesAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	high := w.role(t, w.acme, "Danger", rbac.TenantWrite, rbac.DomainsWrite)
	clerk := w.role(t, w.acme, "Inviter", rbac.TenantRead, rbac.MembersRead, rbac.MembersWrite, rbac.ConnectionsRead, rbac.ConnectionsWrite, "reports:read")
	option := func(r tenants.CustomRole) string {
		return `<option value="` + string(r.Role) + `">` + r.Name + `</option>`
	}
	mapping := "/setup/" + w.connection.ID.String() + "/mapping"
	anna := "/members/" + w.join(t, w.acme, "anna@elsewhere.test", rbac.Viewer).ID.String()
	owner := w.browser(t)
	owner.enterOwner()
	for _, page := range []string{"/invitations", mapping, anna} {
		owner.get(page).shows(t, page+" for an owner", http.StatusOK, option(desk), option(high))
	}
	if strings.Contains(owner.get(mapping).body, `value="owner"`) {
		t.Error("a provider is offered to make owners")
	}

	member := w.enterAs(t, rbac.Viewer)
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, "alice@acme.test")
		if err == nil {
			_, err = tenants.SetRole(ctx, tx, m.ID, clerk.Role)
		}
		return err
	})
	w.settled(t, member, "Inviter")
	for _, page := range []string{"/invitations", mapping, anna} {
		got := member.get(page)
		got.shows(t, page+" for who has less", http.StatusOK, option(desk))
		if strings.Contains(got.body, option(high)) || strings.Contains(got.body, `value="admin"`) {
			t.Errorf("%s offers a role above the viewer's own:\n%s", page, got.body)
		}
	}
	member.post("/invitations", "email", "x@elsewhere.test", "role", string(high.Role)).shows(t, "an invitation above", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	member.post("/invitations", "email", "x@elsewhere.test", "role", string(desk.Role)).to(t, "an invitation", "/invitations")
	member.get("/invitations").shows(t, "the invitations", http.StatusOK, `<span class="tag">Front desk</span>`)
	fields := func(group, joins rbac.Role) []string {
		return []string{
			"email", "email", "name", "name", "first_name", "", "last_name", "", "groups", "groups", "group-1", "Desk", "role-1", string(group), "joins", "yes",
			"default_role", string(joins), "version", member.version(mapping),
		}
	}
	member.post(mapping, fields(high.Role, desk.Role)...).shows(t, "a mapping above", http.StatusUnprocessableEntity, "Nobody gives a role above their own")
	member.post(mapping, fields(desk.Role, high.Role)...).shows(t, "joining above", http.StatusUnprocessableEntity, "Nobody gives a role above their own")
	member.post(mapping, fields(desk.Role, desk.Role)...).leads(t, "the mapping", "/setup/")
	member.get(mapping).shows(t, "the mapping again", http.StatusOK, `<option value="`+string(desk.Role)+`" selected>Front desk</option>`)
	page := owner.get("/sso/" + w.connection.ID.String())
	page.shows(t, "the connection", http.StatusOK, `<span class="tag">Front desk</span>`, "on, as Front desk", "Desk → Front desk")
	if strings.Contains(page.body, string(desk.Role)) {
		t.Errorf("the page of the connection calls a role by its id:\n%s", page.body)
	}
	at := "/sso/" + w.connection.ID.String()
	owner.post(at+"/state", "to", "testing").to(t, "back to testing", at)
	owner.get(at).shows(t, "what opening it means", http.StatusOK, "join at their first sign-in, as Front desk.")
}

func TestAnInvitationNamesTheRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	var i tenants.Invitation
	var cred secret.Credential
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		i, cred, err = tenants.Invite(ctx, tx, tenants.NewInvitation{Email: "new@globex.example", Role: desk.Role})
		return err
	})
	got := w.browser(t).post("/login/invitation", "link", cred.String())
	got.shows(t, "the invitation", http.StatusOK, "invited as Front desk", i.Email)
}

func TestASetUpLinkOffersNoRolesOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.role(t, w.acme, "Front desk", rbac.MembersRead)
	b := w.browser(t)
	b.post("/setup/open", "link", w.setupLinkFor(t, w.acme, w.connection.ID)).to(t, "the link", "/setup")
	mapping := "/setup/" + w.connection.ID.String() + "/mapping"
	got := b.get(mapping)
	got.shows(t, "the mapping", http.StatusOK, `value="viewer"`, `value="member"`)
	if strings.Contains(got.body, string(desk.Role)) || strings.Contains(got.body, `value="admin"`) {
		t.Errorf("the holder of a link is offered more than member:\n%s", got.body)
	}
	w.reconfigure(t, func(d *sso.Draft) { d.DefaultRole = desk.Role })
	b.get(mapping).shows(t, "the mapping with what is stored", http.StatusOK, `<option value="`+string(desk.Role)+`" selected>Front desk</option>`)
}
