package main_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// client talks to a server as a script or as a browser does. It sends all cookies back, also the secure ones that a library would keep
// from http.
type client struct {
	base    string // where the server listens
	host    string // what it is called in public; "" means the same
	key     string // an API key
	cookies map[string]string
}

func newClient(base string) *client { return &client{base: base, cookies: map[string]string{}} }

// answer is a response that has been read.
type answer struct {
	status   int
	location string
	body     string
}

func (c *client) do(tb testing.TB, method, path, contentType, body string) answer {
	tb.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = c.base + path
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, target, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if strings.HasPrefix(target, c.base) {
		req.Host = c.host
		if c.key != "" {
			req.Header.Set("X-API-Key", c.key)
		}
		for name, value := range c.cookies {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	for _, k := range res.Cookies() {
		if k.MaxAge < 0 {
			delete(c.cookies, k.Name)
		} else {
			c.cookies[k.Name] = k.Value
		}
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(text)}
}

func (c *client) get(tb testing.TB, path string) answer {
	tb.Helper()
	return c.do(tb, http.MethodGet, path, "", "")
}

func (c *client) post(tb testing.TB, path string, form url.Values) answer {
	tb.Helper()
	return c.do(tb, http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

// call sends JSON and reads JSON.
func (c *client) call(tb testing.TB, method, path string, in any) (int, map[string]any) {
	tb.Helper()
	body := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			tb.Fatal(err)
		}
		body = string(b)
	}
	a := c.do(tb, method, path, "application/json", body)
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		tb.Fatalf("%s %s = %d %s", method, path, a.status, a.body)
	}
	return a.status, out
}

// me is the signed-in person's e-mail, role and tenant; the status if there is none.
func (c *client) me(tb testing.TB) string {
	tb.Helper()
	status, out := c.call(tb, http.MethodGet, "/v1/me", nil)
	if status != http.StatusOK {
		return http.StatusText(status)
	}
	text, err := json.Marshal(out)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

var (
	requestField = regexp.MustCompile(`name="request" value="([^"]*)"`)
	actionField  = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hiddenField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// signIn goes through the sign-in of an address as a person does, to the provider and back.
func (c *client) signIn(tb testing.TB, email string) {
	tb.Helper()
	to := c.post(tb, "/login", url.Values{"email": {email}})
	if to.location == "" { // no provider of the organization's own: the button below
		to = c.post(tb, "/login/google", nil)
	}
	page := c.get(tb, to.location)
	field := requestField.FindStringSubmatch(page.body)
	if field == nil {
		tb.Fatalf("sign-in of %s leads to %q and not to a provider: %d %s %s", email, to.location, to.status, to.body, page.body)
	}
	provider, err := url.Parse(to.location)
	if err != nil {
		tb.Fatal(err)
	}
	login, _, _ := strings.Cut(email, "@")
	action := provider.Scheme + "://" + provider.Host + html.UnescapeString(actionField.FindStringSubmatch(page.body)[1])
	back := c.post(tb, action, url.Values{"request": {html.UnescapeString(field[1])}, "login": {login}})
	if done := c.follow(tb, back); done.status != http.StatusSeeOther && done.status != http.StatusFound {
		tb.Fatalf("sign-in of %s ends with %d %s", email, done.status, done.body)
	}
}

// follow goes where a provider sends the browser: by a redirect, or by a form that posts itself.
func (c *client) follow(tb testing.TB, back answer) answer {
	tb.Helper()
	if back.location != "" {
		return c.get(tb, back.location)
	}
	form := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(back.body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	action := actionField.FindStringSubmatch(back.body)
	if action == nil {
		tb.Fatalf("the provider answers %d %s and sends nobody anywhere", back.status, back.body)
	}
	return c.post(tb, html.UnescapeString(action[1]), form)
}

// from asks for a page by another name of the server, as a browser does.
func (c *client) from(tb testing.TB, name, path string) answer {
	tb.Helper()
	at, err := url.Parse(c.base)
	if err != nil {
		tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	req.Host = name + ":" + at.Port()
	req.Header.Set("Accept", "text/html,*/*")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	return answer{status: res.StatusCode, location: res.Header.Get("Location")}
}

// field is the text of a member of a JSON object.
func field(tb testing.TB, object, name string) string {
	tb.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(object), &all); err != nil {
		tb.Fatalf("%s: %v", object, err)
	}
	text, ok := all[name].(string)
	if !ok || text == "" {
		tb.Fatalf("%s has no %s", object, name)
	}
	return text
}
