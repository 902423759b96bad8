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

// tick presses the tabulator until a box has the focus, and ticks it.
func (k keyboard) tick(t *testing.T, selector string) {
	t.Helper()
	k.reach(t, selector)
	k.do(t, chromedp.KeyEvent(" "))
	if !evaluate[bool](t, k, `document.activeElement.checked`) {
		t.Errorf("the space key does not tick %s", selector)
	}
}

// TestAdvancedSettingsNeedNeitherMouseNorScript rotates our key and turns switches with the keyboard alone, while no page may run a script.
func TestAdvancedSettingsNeedNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	c := tenant.ConnectSAML(t)
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))

	k.do(t, chromedp.Navigate(s.URL+"/sso/"+c.ID.String()))
	k.press(t, `.buttons a[href$="/advanced"]`, "Advanced settings")
	k.picture(t, "advanced-1")
	k.press(t, `form[action$="/keys"] button`, "Advanced settings")
	k.reach(t, `form[action$="/keys/activate"] button`)
	k.do(t, chromedp.KeyEvent(kb.Enter)) // the browser itself asks for the box
	k.tick(t, `form[action$="/keys/activate"] input[type="checkbox"]`)
	k.picture(t, "advanced-2")
	k.press(t, `form[action$="/keys/activate"] button`, "Advanced settings")
	k.picture(t, "advanced-3")
	k.tick(t, `form[action$="/keys/drop"] input[type="checkbox"]`)
	k.press(t, `form[action$="/keys/drop"] button`, "Advanced settings")
	k.press(t, `li:nth-child(1) form[action$="/switch"] button`, "Advanced settings")
	k.tick(t, `#confirm-sha1`)
	k.press(t, `li:has(#confirm-sha1) button`, "Advanced settings")
	k.picture(t, "advanced-4")
	for heading, want := range map[string]string{"Encrypted assertions": "ON", "Signatures with SHA-1": "ON", "Inclusive canonicalization": "OFF"} {
		got := evaluate[string](t, k, `[...document.querySelectorAll("h3")].find(h => h.innerText.includes("`+heading+`")).querySelector(".tag").innerText.toUpperCase()`)
		if got != want {
			t.Errorf("%s is %s, want %s", heading, got, want)
		}
	}
}

// TestManagingSingleSignOnNeedsNeitherMouseNorScript goes through the pages beside the connections with the keyboard alone.
func TestManagingSingleSignOnNeedsNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	tenant.ConnectSAML(t)
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))

	k.do(t, chromedp.Navigate(s.URL+"/"))
	k.picture(t, "home")
	k.press(t, `.besides a[href$="/sso"]`, "Single sign-on")
	k.picture(t, "sso")
	k.press(t, `.besides a[href$="/setup-links"]`, "Set-up links")
	k.picture(t, "links-1")
	k.reach(t, `#email`)
	k.types(t, "it@elsewhere.test")
	k.press(t, `form[action$="/setup-links"] button`, "Set-up links")
	k.picture(t, "links-2")
	if got := evaluate[string](t, k, `document.querySelector("#made-link").value`); !strings.Contains(got, "/setup/open#ghs_") {
		t.Errorf("the new link is %q", got)
	}
	k.press(t, `form[action$="/revoke"] button`, "Set-up links")
	k.picture(t, "links-3")

	k.press(t, `.crumbs a`, "Single sign-on")
	k.press(t, `.besides a[href$="/routing"]`, "Routing")
	k.reach(t, `[name="whom"]`)
	k.do(t, chromedp.KeyEvent(kb.ArrowDown))
	k.reach(t, `#emails`)
	k.types(t, "x@elsewhere.test")
	k.press(t, `form[action$="/routing"] .button`, "Routing")
	k.picture(t, "routing-1")
	k.reach(t, `#problems a`)
	k.do(t, chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	k.types(t, "a@"+tenant.Domain+"\nb@"+tenant.Domain+"\nc@"+tenant.Domain+"\nd@"+tenant.Domain)
	k.press(t, `form[action$="/routing"] .button`, "Routing")
	k.press(t, `form[action$="/routing"] .button`, "Routing") // for the domain, which is chosen
	k.press(t, `tr:nth-child(2) form[action$="/move"] button`, "Routing")
	k.picture(t, "routing-2")
	k.press(t, `tr:nth-child(2) form[action$="/remove"] button`, "Routing")
	if got := evaluate[string](t, k, `[...document.querySelectorAll("tbody th .main")].map(m => m.innerText).join("|")`); got != "1. "+tenant.Domain {
		t.Errorf("the rules are %q, want the one for the domain", got)
	}

	k.press(t, `.crumbs a`, "Single sign-on")
	k.press(t, `.besides a[href$="/invitations"]`, "Invitations")
	k.reach(t, `#email`)
	k.types(t, "new@")
	k.press(t, `form[action$="/invitations"] button`, "Invitations")
	k.picture(t, "invitations-1")
	k.reach(t, `#problems a`)
	k.do(t, chromedp.KeyEvent(kb.Enter))
	k.reach(t, `#role`)
	k.do(t, chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))) // which selects what is there
	k.types(t, "new@elsewhere.test")
	k.press(t, `form[action$="/invitations"] button`, "Invitations")
	k.picture(t, "invitations-2")
	k.press(t, `form[action$="/resend"] button`, "Invitations")
	k.picture(t, "invitations-3")
	k.press(t, `form[action$="/revoke"] button`, "Invitations")
	k.picture(t, "invitations-4")
}
