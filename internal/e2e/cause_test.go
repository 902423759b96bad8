package e2e_test

import (
	"regexp"

	"github.com/chromedp/chromedp"
)

var traceID = regexp.MustCompile(`req_[0-9a-z]+`)

// trace is the id that the page of a refusal shows.
func (t *tab) trace() string {
	t.Helper()
	found := traceID.FindString(in(t, "read the page", chromedp.Text(chromedp.CSS("main"))))
	if found == "" {
		t.Fatalf("%s shows no trace id", t.location())
	}
	return found
}

// arrives waits until a page of ours is there: a SAML provider's own page submits its answer by itself.
func (t *tab) arrives() {
	t.Helper()
	in(t, "come back", chromedp.Text(chromedp.CSS("header.top")))
}

// findsTheCause is an administrator who was told a trace id, and looks up why the colleague could not sign in.
func findsTheCause(b *tab, trace, reason string) {
	b.Helper()
	b.open("/")
	b.click(`header nav a[href$="/sso"]`)
	b.shows("Single sign-on", "Somebody could not sign in?")
	b.fill("#trace", trace)
	b.click(".lookup button")
	b.shows("Sign-in refused", reason, "Whose turn it is", "What to do", "Checks", "Failed", trace)
	b.click(`nav[aria-label="Breadcrumb"] a[href*="/sso/con_"]`)
	b.shows("Why sign-ins fail", "1 person failed since", "Who can use it")
}

// triesADryRun tests the connection on whose page the browser is, and comes back to it.
func triesADryRun(b *tab, person string) {
	b.Helper()
	page := b.location()
	b.click(`form[action$="/test"] button`)
	b.click("#user-" + person)
	b.arrives()
	b.shows("The connection works", "nobody was let in", "Checks")
	b.click(`main p.buttons a[href*="/sso/con_"]`)
	if back := b.location(); back != page {
		b.Errorf("the way back from a test leads to %s, want %s", back, page)
	}
	b.shows("Test passed")
}
