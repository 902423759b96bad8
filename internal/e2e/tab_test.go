package e2e_test

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// startChromium runs one headless Chromium until the test ends, and returns what tabs are opened in.
func startChromium(tb testing.TB) context.Context {
	tb.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		tb.Fatal("there is no Chromium on this machine. Install it, for example with apt-get install chromium.")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(tb.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true))
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(tb.Context()), options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	tb.Cleanup(func() {
		_ = chromedp.Cancel(browser) // waits for the process
		closeBrowser()
		stop()
	})
	if err := chromedp.Do(browser); err != nil {
		tb.Fatalf("start Chromium: %v", err)
	}
	return browser
}

// tab is a window of a person who shares no cookies with others.
type tab struct {
	testing.TB

	ctx  context.Context
	base string

	mu     sync.Mutex
	errors []string // what the pages complained of
}

func openTab(browser context.Context, tb testing.TB, base string) *tab {
	tb.Helper()
	t := &tab{TB: tb, base: base}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(t.listen))
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("open a tab: %v", err)
	}
	var cancel context.CancelFunc
	t.ctx, cancel = context.WithTimeout(ctx, patience)
	tb.Cleanup(func() {
		cancel()
		closeTab()
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, said := range t.errors {
			tb.Errorf("a page complains: %s", said)
		}
	})
	return t
}

// listen remembers scripts that fail and what the content security policy stops.
func (t *tab) listen(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "Content Security Policy") {
			said = e.Entry.Text
		}
	}
	if said != "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.errors = append(t.errors, said)
	}
}

// in runs an action in a tab.
func in[T any](t *tab, what string, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(t.ctx, action)
	if err != nil {
		look, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 5*time.Second)
		defer cancel()
		where, _ := chromedp.Run(look, chromedp.Location())
		body, _ := chromedp.Run(look, chromedp.Text(chromedp.CSS("body")))
		t.Fatalf("%s: %v, at %s:\n%s", what, err, where, body)
	}
	return v
}

// open goes to an address, given by its path if it is ours.
func (t *tab) open(address string) {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = t.base + address
	}
	in(t, "open "+address, chromedp.Navigate(address))
}

// click presses what leads to another page, waits for it and returns the status that it came with.
func (t *tab) click(selector string) int {
	t.Helper()
	var response *network.Response
	in(t, "click "+selector, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) (err error) {
		response, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
		return err
	}))
	return int(response.Status)
}

func (t *tab) fill(selector, text string) {
	t.Helper()
	in(t, "fill "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (t *tab) location() string {
	t.Helper()
	return in(t, "look where it is", chromedp.Location())
}

// at demands the path of a page of ours.
func (t *tab) at(path string) {
	t.Helper()
	if where := t.location(); where != t.base+path {
		t.Fatalf("the browser is at %s, want %s", where, t.base+path)
	}
}

// shows demands texts that a person can see, soon: a page may still be on its way.
func (t *tab) shows(texts ...string) {
	t.Helper()
	var body string
	var missing []string
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		// By script, since a node may be gone before its text is read.
		read, err := chromedp.Run(t.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		if missing = missing[:0]; err == nil {
			body = read
		}
		for _, text := range texts {
			if err != nil || !strings.Contains(body, text) {
				missing = append(missing, text)
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	t.Errorf("%s does not show %q:\n%s", t.location(), missing, body)
}

// cookies are those that the browser would send to us.
func (t *tab) cookies() map[string]network.Cookie {
	t.Helper()
	all := map[string]network.Cookie{}
	list, err := chromedp.Call(t.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{t.base}})
	if err != nil {
		t.Fatalf("read the cookies: %v", err)
	}
	for _, c := range list.Cookies {
		all[c.Name] = *c
	}
	return all
}

func (t *tab) forget(cookie string) {
	t.Helper()
	if _, err := chromedp.Call(t.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: cookie, URL: t.base}); err != nil {
		t.Fatalf("delete the cookie %s: %v", cookie, err)
	}
}
