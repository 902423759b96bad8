package console_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// TestLookingAfterMembersNeedsNeitherMouseNorScript changes, suspends and removes a member with the keyboard alone.
func TestLookingAfterMembersNeedsNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	m := tenant.Join(t, rbac.Viewer)
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))
	page := `a[href$="/members/` + m.ID.String() + `"]`

	k.do(t, chromedp.Navigate(s.URL+"/"))
	k.press(t, `.besides a[href$="/members"]`, "Members")
	k.picture(t, "members-1")
	k.press(t, page, "Somebody")
	k.picture(t, "member-1")
	k.reach(t, `#role`)
	k.do(t, chromedp.KeyEvent(kb.ArrowDown))
	k.press(t, `form[action$="/role"] button`, "Somebody")
	k.press(t, `form[action$="/suspend"] button`, "Somebody")
	k.picture(t, "member-2")
	if got := k.text(t); !strings.Contains(got, "Suspended") || !strings.Contains(got, "member") {
		t.Errorf("the member is not a suspended member:\n%s", got)
	}
	k.press(t, `form[action$="/reinstate"] button`, "Somebody")
	k.tick(t, `#confirmed`)
	k.press(t, `form[action$="/remove"] button`, "Members")
	k.picture(t, "members-2")
	if evaluate[bool](t, k, "document.querySelector(`"+page+"`) !== null") {
		t.Error("who was removed is in the list")
	}
}

// TestRolesNeedNeitherMouseNorScript makes, changes and deletes a role with the keyboard alone.
func TestRolesNeedNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))

	k.do(t, chromedp.Navigate(s.URL+"/"))
	k.press(t, `.besides a[href$="/roles"]`, "Roles")
	k.picture(t, "roles-1")
	k.press(t, `.heading a[href$="/roles/new"]`, "A new role")
	k.reach(t, `#name`)
	k.types(t, "Owners")
	k.reach(t, `#description`)
	k.types(t, "Greets people")
	k.tick(t, `[name="may-chat:use"]`)
	k.press(t, `.onward button`, "A new role")
	k.picture(t, "role-1")
	k.reach(t, `#problems a`)
	k.do(t, chromedp.KeyEvent(kb.Enter))
	k.reach(t, `#description`)
	k.do(t, chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))) // which selects what is there
	k.types(t, "Front desk")
	k.press(t, `.onward button`, "Roles")
	k.picture(t, "roles-2")
	k.press(t, `.rows a`, "Front desk")
	k.picture(t, "role-2")
	k.tick(t, `[name="may-members:read"]`)
	k.press(t, `.onward button`, "Front desk")
	if got := evaluate[int64](t, k, `document.querySelectorAll("input:checked").length`); got != 2 {
		t.Errorf("the role has %d permissions, want 2", got)
	}
	k.tick(t, `#confirmed`)
	k.press(t, `form[action$="/delete"] button`, "Roles")
	if got := k.text(t); !strings.Contains(got, "There are none") {
		t.Errorf("the role was not deleted:\n%s", got)
	}
}
