package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// invitations reads all invitations of acme again, the oldest first.
func (w *world) invitations(tb testing.TB) (list []tenants.Invitation) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		list, err = tenants.Invitations(ctx, tx, id.Invitation{}, 100)
		return err
	})
	return list
}

func TestSomebodyIsInvitedAgainAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterOwner()
	const page = "/invitations"
	for _, from := range []string{"/", "/sso"} {
		b.get(from).shows(t, from, http.StatusOK, `href="`+page+`"`)
	}
	b.get(page).shows(t, "the page", http.StatusOK, "Nobody is being waited for", `value="member" selected`, `value="owner"`)
	b.post(page, "email", "New@elsewhere.test", "role", "admin").to(t, "the invitation", page)
	list := w.invitations(t)
	if len(list) != 1 || list[0].Email != "new@elsewhere.test" || list[0].Role != rbac.Admin || list[0].Sends != 1 || list[0].InvitedBy != w.owner.ID {
		t.Fatalf("the invitations are %+v, want the one that was sent", list)
	}
	which := list[0].ID.String()
	b.get(page).shows(t, "the page with an invitation", http.StatusOK, "new@elsewhere.test", "Waiting", "by owner@acme.test", "Send again", "Revoke")
	b.post(page, "email", "new@elsewhere.test", "role", "member").shows(t, "a second invitation", http.StatusConflict, "That was not done", tenants.ErrInvitationExists.Detail)
	soon := b.post(page+"/resend", "invitation", which)
	soon.shows(t, "the invitation again at once", http.StatusTooManyRequests, "Nothing was sent", "Wait before you send more")
	if soon.Header().Get("Retry-After") == "" {
		t.Error("the page does not say when to try again")
	}
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		return tx.DB.WithContext(ctx).Exec("UPDATE invitations SET sent_at = sent_at - interval '8 days', expires_at = expires_at - interval '8 days' WHERE tenant_id = ?", tx.Tenant).Error
	})
	b.get(page).shows(t, "the page with an expired invitation", http.StatusOK, "Expired", "Send again")
	b.post(page+"/resend", "invitation", which).to(t, "the invitation again", page)
	b.get(page).shows(t, "the page with an invitation that was sent twice", http.StatusOK, "Waiting", "2 times")
	if list = w.invitations(t); list[0].Sends != 2 || time.Until(list[0].ExpiresAt) < 6*24*time.Hour {
		t.Errorf("the invitation is %+v, want one that was sent twice and holds a week", list[0])
	}
	b.post(page+"/revoke", "invitation", which).to(t, "the end", page)
	b.get(page).shows(t, "the page after the end", http.StatusOK, "Nobody is being waited for")
	if list = w.invitations(t); list[0].RevokedAt == nil {
		t.Errorf("the invitation is %+v, want a revoked one", list[0])
	}
	b.post(page+"/resend", "invitation", which).shows(t, "a revoked one again", http.StatusConflict, "Make a new one")

	b.post(page, "email", "new@", "role", "member").shows(t, "half an address", http.StatusUnprocessableEntity, `href="#email"`, `aria-invalid="true"`, `value="new@"`)
	b.post(page, "email", "owner@acme.test", "role", "member").shows(t, "a member's address", http.StatusConflict, "A member has this address.")
	b.post(page, "email", "x@elsewhere.test", "role", "king").shows(t, "an unknown role", http.StatusUnprocessableEntity, "Use owner, admin, member, viewer or the id of a custom role.")
	if got := len(w.invitations(t)); got != 1 {
		t.Errorf("there are %d invitations, want 1", got)
	}
}

func TestInvitationsAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const page = "/invitations"
	owner := w.browser(t)
	owner.enterOwner()
	owner.post(page, "email", "boss@elsewhere.test", "role", "owner").to(t, "an owner's invitation", page)
	which := w.invitations(t)[0].ID.String()
	posts := [][]string{{"", "email", "x@elsewhere.test", "role", "member"}, {"/resend", "invitation", which}, {"/revoke", "invitation", which}}
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	member := w.enterAs(t, rbac.Member)
	member.get(page).shows(t, "the page for a member", http.StatusForbidden, "role_lacks_permission")
	stranger := w.stranger(t)
	stranger.get(page).shows(t, "another tenant's page", http.StatusOK, "Nobody is being waited for")
	for _, p := range posts {
		member.post(page+p[0], p[1:]...).shows(t, p[0]+" by a member", http.StatusForbidden, "role_lacks_permission")
		owner.postFrom("cross-site", page+p[0], p[1:]...).shows(t, p[0]+" from another site", http.StatusForbidden, "cross_site")
	}
	admin := w.enterAs(t, rbac.Admin)
	admin.get(page).shows(t, "the page for an administrator", http.StatusOK, "boss@elsewhere.test", `value="admin"`)
	if body := admin.get(page).body; strings.Contains(body, `value="owner"`) || strings.Contains(body, "Send again") {
		t.Errorf("an administrator is offered what only owners may:\n%s", body)
	}
	admin.post(page, "email", "x@elsewhere.test", "role", "owner").shows(t, "an administrator's invitation of an owner", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	for _, p := range posts[1:] {
		stranger.post(page+p[0], p[1:]...).shows(t, p[0]+" by another tenant's owner", http.StatusNotFound, "There is no such page")
		admin.post(page+p[0], p[1:]...).shows(t, p[0]+" of an owner by an administrator", http.StatusForbidden, tenants.ErrRoleTooHigh.Detail)
	}
	if list := w.invitations(t); len(list) != 1 || list[0].Sends != 1 || list[0].RevokedAt != nil {
		t.Errorf("after nothing but refusals the invitations are %+v, want the one of before", list)
	}
}
