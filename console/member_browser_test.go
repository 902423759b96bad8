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
