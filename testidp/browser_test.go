package testidp_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// browser keeps cookies and stops where a redirect leaves the provider.
func browser(tb testing.TB) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatalf("cookie jar: %v", err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

var requestField = regexp.MustCompile(`name="request" value="([^"]*)"`)

func page(tb testing.TB, resp *http.Response) string {
	tb.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatalf("read page: %v", err)
	}
	return string(body)
}

// press submits the login form of a page with one more field.
func press(tb testing.TB, client *http.Client, p *testidp.Provider, html, name, value string) *http.Response {
	tb.Helper()
	match := requestField.FindStringSubmatch(html)
	if match == nil {
		tb.Fatalf("no login form in %s", html)
	}
	request := strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(match[1])
	return post(tb, client, p.URL()+"/authorize/login", url.Values{"request": {request}, name: {value}})
}

func post(tb testing.TB, client *http.Client, target string, form url.Values) *http.Response {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatalf("POST %s: %v", target, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatalf("POST %s: %v", target, err)
	}
	tb.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	client := browser(t)
	ask := func(options ...oauth2.AuthCodeOption) *http.Response {
		options = append(options, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
		return get(t, client, rp.AuthCodeURL("a+b &c", options...))
	}
	param := oauth2.SetAuthURLParam

	if got := query(t, ask(param("prompt", "none")).Header.Get("Location")).Get("error"); got != "login_required" {
		t.Errorf("prompt=none without a session = %q, want login_required", got)
	}
	html := page(t, ask(param("login_hint", "BOB@acme.example")))
	for _, want := range []string{`id="user-alice"`, `id="user-bob" name="user" value="bob" class="hinted"`, `id="login"`} {
		if !strings.Contains(html, want) {
			t.Errorf("login page has no %s:\n%s", want, html)
		}
	}
	if strings.Contains(html, "<script") || strings.Contains(html, `id="continue"`) {
		t.Errorf("login page has a script or offers a session that does not exist:\n%s", html)
	}
	if got := press(t, client, p, html, "login", "nobody").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("unknown login = %d, want 401", got)
	}
	back := press(t, client, p, html, "cancel", "yes").Header.Get("Location")
	if got := query(t, back).Get("error"); got != "access_denied" {
		t.Errorf("cancel = %q, want access_denied", got)
	}
	back = press(t, client, p, html, "user", "alice").Header.Get("Location")
	if got := query(t, back); got.Get("code") == "" || got.Get("state") != "a+b &c" {
		t.Errorf("callback = %q, want a code and the state", back)
	}
	if html := page(t, ask()); !strings.Contains(html, "Continue as alice") {
		t.Errorf("with a session, the page does not offer it:\n%s", html)
	}
	if html := page(t, ask(param("prompt", "login"))); strings.Contains(html, "Continue as") {
		t.Errorf("prompt=login offers the old session:\n%s", html)
	}
	if got := query(t, ask(param("prompt", "none")).Header.Get("Location")).Get("code"); got == "" {
		t.Error("prompt=none with a session gave no code")
	}
	get(t, client, p.URL()+"/end_session")
	if html := page(t, ask()); strings.Contains(html, "Continue as") {
		t.Errorf("after end_session the page offers the old session:\n%s", html)
	}
}

func TestFormPost(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	rp := newParty(t, p, "web", "s3cret/+")
	client := browser(t)
	html := page(t, get(t, client, rp.AuthCodeURL("st", oauth2.SetAuthURLParam("response_mode", "form_post"),
		oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))))
	html = page(t, press(t, client, p, html, "user", "alice"))
	for _, want := range []string{`action="` + callback + `"`, `name="code"`, `name="state" value="st"`, `name="iss"`} {
		if !strings.Contains(html, want) {
			t.Errorf("form_post page has no %s:\n%s", want, html)
		}
	}
}

func TestScenarioPage(t *testing.T) {
	t.Parallel()
	p := listen(t, acme()).Provider("acme")
	client := browser(t)
	if html := page(t, get(t, client, p.URL()+"/scenario")); !strings.Contains(html, `id="scenario-OIDC-046"`) {
		t.Errorf("scenario page does not offer OIDC-046:\n%s", html)
	}
	post(t, client, p.URL()+"/scenario", url.Values{"id": {"OIDC-046"}})
	if got := p.Playing(); !strings.HasPrefix(got, "OIDC-046 ") {
		t.Errorf("Playing() = %q, want OIDC-046", got)
	}
	post(t, client, p.URL()+"/scenario", url.Values{"id": {""}})
	if got := p.Playing(); got != "" {
		t.Errorf("Playing() = %q, want an honest provider", got)
	}
	if got := post(t, client, p.URL()+"/scenario", url.Values{"id": {"none such"}}).StatusCode; got != http.StatusNotFound {
		t.Errorf("unknown scenario = %d, want 404", got)
	}
}
