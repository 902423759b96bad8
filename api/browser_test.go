package api_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// browser is a tab of a fresh headless Chromium.
type browser struct{ ctx context.Context }

// browse opens a browser. Whatever a page complains of (its policy, a missing file, a script) fails the test.
func browse(t *testing.T) browser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1280, 1000))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	complaints := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range complaints {
			if err != nil {
				return
			}
			t.Errorf("the browser complains: %v (%s)", m, m.URL)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return browser{ctx}
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

// do runs actions, and says what the page shows if they fail.
func (b browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	step, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(step, actions...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("the browser: %v\nthe page:\n%.2000s", err, text)
	}
}

// text is what an element shows, once it does.
func (b browser) text(t *testing.T, selector string) string {
	t.Helper()
	b.do(t, chromedp.WaitVisible(selector))
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		t.Fatalf("read %s: %v", selector, err)
	}
	return text
}

// picture keeps a screenshot where somebody asked for pictures.
func (b browser) picture(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("GATEHOUSE_TEST_PICTURES")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)
	}
	if err != nil {
		t.Errorf("keep a picture: %v", err)
	}
}

// signIn gives the browser the cookies of a session, as a sign-in would.
func (b browser) signIn(t *testing.T, url string, session *apitest.Session) {
	t.Helper()
	yes := true
	for name, value := range map[string]string{sessions.AccessCookie: session.Access, sessions.RefreshCookie: session.Refresh} {
		_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{
			Name: name, Value: value, URL: url, Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
		})
		if err != nil {
			t.Fatalf("set a cookie: %v", err)
		}
	}
}

const (
	operation = `#operations-Decisions-getMe`
	answered  = operation + ` .live-responses-table tr.response .response-col_status`
	answer    = operation + ` .live-responses-table tr.response .response-col_description`
)

// tryMe runs GET /v1/me on the page and returns the status and the answer that it shows.
func (b browser) tryMe(t *testing.T) (status, text string) {
	t.Helper()
	b.do(t,
		chromedp.Click(operation+` .opblock-summary-control`, chromedp.NodeVisible),
		chromedp.Click(operation+` .try-out__btn`, chromedp.NodeVisible),
		chromedp.Click(operation+` .execute`, chromedp.NodeVisible),
	)
	return b.text(t, answered), b.text(t, answer)
}

func TestTheReferencePageTriesTheAPIWithAKey(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	key := s.APIKey(t, p.tenant, rbac.Viewer)
	b := browse(t)
	b.do(t, chromedp.Navigate(s.URL+"/docs"))
	if got := b.text(t, `.info .title`); !strings.Contains(got, "Gatehouse") {
		t.Errorf("title = %q, want Gatehouse", got)
	}
	b.picture(t, "docs")
	b.signIn(t, s.URL, p.caller) // a session in the same browser: the key alone is sent all the same
	b.do(t,
		chromedp.Click(`.scheme-container .authorize`, chromedp.NodeVisible),
		chromedp.SendKeys(`#api_key_value`, key.Secret, chromedp.NodeVisible),
	)
	b.picture(t, "docs-authorize")
	b.do(t,
		chromedp.Click(chromedp.Search(`//input[@id="api_key_value"]/ancestor::form//button[contains(@class, "authorize")]`)),
		chromedp.Click(`.modal-ux .btn-done`, chromedp.NodeVisible),
	)
	status, text := b.tryMe(t)
	if !strings.Contains(status, "200") || !strings.Contains(text, key.ID.String()) {
		t.Errorf("status %q, answer %q, want 200 and %s", status, text, key.ID)
	}
	b.do(t, chromedp.ScrollIntoView(answer))
	b.picture(t, "docs-tried")
}

func TestTheReferencePageTriesTheAPIWithASession(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	b := browse(t)
	b.signIn(t, s.URL, p.caller)
	b.do(t, chromedp.Navigate(s.URL+"/docs"), chromedp.WaitVisible(operation))
	status, text := b.tryMe(t)
	if !strings.Contains(status, "200") || !strings.Contains(text, p.caller.Member.ID.String()) {
		t.Errorf("status %q, answer %q, want 200 and %s", status, text, p.caller.Member.ID)
	}
}

func TestThePageOfProblemsShowsTheCodeThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	problem := s.Anonymous().Do(t, "GET", "/v1/me", nil).Refused(t, 401, "unauthenticated")
	if want := "/docs/problems#unauthenticated"; problem.Type != want {
		t.Fatalf("type = %q, want %q", problem.Type, want)
	}
	b := browse(t)
	b.do(t, chromedp.Navigate(s.URL+problem.Type))
	if got := b.text(t, `article:target h3`); got != problem.Code {
		t.Errorf("%s leads to %q, want the explanation of %s", problem.Type, got, problem.Code)
	}
	border, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("article:target")).borderRadius`))
	if err != nil || border == "0px" {
		t.Errorf("the page has the border %q, %v: its style is missing", border, err)
	}
	b.picture(t, "problems")
	b.do(t, chromedp.EmulateViewport(390, 844))
	b.picture(t, "problems-390")
	b.do(t, chromedp.Navigate(s.URL+"/docs"), chromedp.WaitVisible(operation))
	b.picture(t, "docs-390")
}
