package console_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// keyboard is a tab of a fresh headless Chromium that runs no scripts of pages and has no mouse.
type keyboard struct {
	ctx context.Context
	url string
}

func (k keyboard) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	step, cancel := context.WithTimeout(k.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(step, actions...); err != nil {
		t.Fatalf("the browser: %v\nthe page:\n%.1500s", err, k.text(t))
	}
}

// evaluate asks the browser about the page, which is no script of the page.
func evaluate[T any](t *testing.T, k keyboard, expression string) T {
	t.Helper()
	step, cancel := context.WithTimeout(k.ctx, 20*time.Second)
	defer cancel()
	v, err := chromedp.Run(step, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

func (k keyboard) text(t *testing.T) string {
	t.Helper()
	return evaluate[string](t, k, `document.body.innerText`)
}

// reach presses the tabulator until an element has the focus.
func (k keyboard) reach(t *testing.T, selector string) {
	t.Helper()
	k.do(t, chromedp.WaitReady(selector))
	for range 90 {
		k.do(t, chromedp.KeyEvent(kb.Tab))
		if evaluate[bool](t, k, `document.activeElement !== null && document.activeElement.matches(`+"`"+selector+"`"+`)`) {
			return
		}
	}
	t.Fatalf("the tabulator does not lead to %s on the page:\n%.1500s", selector, k.text(t))
}

// press follows a link or pushes a button with the keyboard, and waits for the page with a heading.
func (k keyboard) press(t *testing.T, selector, heading string) {
	t.Helper()
	k.reach(t, selector)
	evaluate[bool](t, k, `window.left = true`) // so that the next page is known from this one
	k.do(t, chromedp.KeyEvent(kb.Enter))
	k.sees(t, heading)
}

func (k keyboard) sees(t *testing.T, heading string) {
	t.Helper()
	for range 150 {
		found, err := chromedp.Run(k.ctx, chromedp.Evaluate[bool](`window.left === undefined && document.readyState === "complete" && (document.querySelector("h1")?.innerText ?? "").includes(`+"`"+heading+"`"+`)`))
		if err == nil && found {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("there is no page with the heading %q, but:\n%.1500s", heading, k.text(t))
}

// types writes into the field that has the focus.
func (k keyboard) types(t *testing.T, text string) {
	t.Helper()
	if _, err := chromedp.Call(k.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		t.Fatal(err)
	}
}

// picture keeps the page at both widths and in both schemes, where somebody asked for pictures. Nothing may stick out at the side.
func (k keyboard) picture(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("GATEHOUSE_TEST_PICTURES")
	for size, width := range map[string]int64{"390": 390, "1280": 1280} {
		k.do(t, chromedp.EmulateViewport(width, 1000))
		if out := evaluate[int64](t, k, `document.documentElement.scrollWidth`); out > width {
			t.Errorf("the page %s is %d wide at %s", name, out, size)
		}
		for _, scheme := range []string{"light", "dark"} {
			if folder == "" {
				continue
			}
			_, err := chromedp.Call(k.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
			})
			must(t, err)
			png, err := chromedp.Run(k.ctx, chromedp.FullScreenshot(100))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(folder, strings.Join([]string{name, size, scheme}, "-")+".png"), png, 0o600))
		}
	}
}

// noMouse opens a browser in which the owner of a tenant is signed in.
func noMouse(t *testing.T, s *apitest.Server, session *apitest.Session) keyboard {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1280, 1000))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	k := keyboard{ctx, s.URL}
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // with the context that the browser lives as long as
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(t, err)
	yes := true
	for name, value := range map[string]string{sessions.AccessCookie: session.Access, sessions.RefreshCookie: session.Refresh} {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{
			Name: name, Value: value, URL: s.URL, Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
		})
		must(t, err)
	}
	return k
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROME_BIN"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(cmp.Or(name, "none")); err == nil {
			return path
		}
	}
	t.Fatal("this test needs Chromium: install it, for example with apt-get install chromium, or set CHROME_BIN")
	return ""
}

// TestTheSetUpNeedsNeitherMouseNorScript connects a SAML provider with the keyboard alone, while no page may run a script.
func TestTheSetUpNeedsNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	metadata, err := tenant.IDP.SAMLMetadata()
	must(t, err)
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))

	k.do(t, chromedp.Navigate(s.URL+"/setup"))
	k.sees(t, "Where do your people sign in today?")
	k.do(t, chromedp.KeyEvent(kb.Tab))
	if !evaluate[bool](t, k, `document.activeElement.matches(".skip")`) {
		t.Error("the first stop of the tabulator is not the way past the frame")
	}
	k.picture(t, "1-providers")
	k.press(t, `a[href$="/setup/new/okta"]`, "Which protocol?")
	k.press(t, `form:first-of-type .choice`, "What to do at Okta")
	if evaluate[int64](t, k, `[...document.querySelectorAll("[data-copy]")].filter(b => b.checkVisibility()).length`) > 0 {
		t.Error("copy buttons are shown that can do nothing")
	}
	k.picture(t, "2-guide")
	which := regexp.MustCompile(`con_[0-9a-z]{26}`).FindString(evaluate[string](t, k, `document.querySelector("#value-acs").value`))
	must(t, tenant.IDP.AddServiceProvider(testidp.ServiceProvider{
		EntityID: s.URL + "/sso/saml/" + which + "/metadata", ACS: []string{s.URL + "/sso/saml/" + which + "/acs"},
	}))

	k.press(t, `.onward a`, "Enter what Okta gave you")
	k.reach(t, `[name="source"]`)
	k.do(t, chromedp.KeyEvent(kb.ArrowDown))
	k.reach(t, `#metadata`)
	k.types(t, "<!doctype html><title>Sign in</title>")
	k.press(t, `.onward button`, "Enter what Okta gave you")
	if !strings.Contains(k.text(t), "This is a web page") {
		t.Errorf("the page does not say what is wrong:\n%s", k.text(t))
	}
	k.picture(t, "3-problem")
	k.reach(t, `#problems a`)
	k.do(t, chromedp.KeyEvent(kb.Enter))
	if !evaluate[bool](t, k, `document.activeElement.matches("#metadata")`) {
		t.Error("the problem does not lead to its field")
	}
	k.do(t, chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	k.types(t, string(metadata))
	k.press(t, `.onward button`, "Who is this, and what may they do?")
	k.picture(t, "4-mapping")
	k.press(t, `.onward button`, "Which addresses are yours?")
	k.picture(t, "5-domains")
	k.press(t, `.onward a`, "Try it before anybody else does")
	k.press(t, `section form button`, "Sign in to")
	k.press(t, `#user-owner`, "")
	k.press(t, `#continue`, "The connection works")
	k.picture(t, "6-tested")
	k.press(t, `.after a:first-child`, "Try it before anybody else does")
	k.picture(t, "7-tests")
	k.press(t, `.onward a`, "Who may sign in?")
	k.press(t, `.states .button:not(.quiet)`, "Your people can sign in")
	k.picture(t, "8-active")
}
