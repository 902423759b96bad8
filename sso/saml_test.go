package sso_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
)

// plainSAML speaks SAML without XML: the form has the answers that a verified response would have. What a response proves is another
// package's business; here it is what sign-in makes of it.
type plainSAML struct{ sso.Provider }

func (plainSAML) Begin(_ context.Context, a sso.Attempt) (sso.Departure, error) {
	return sso.Departure{URL: "https://idp.test/sso", Form: url.Values{"SAMLRequest": {a.RequestID}, "RelayState": {a.State}}}, nil
}

func (plainSAML) State(r *http.Request) (string, error) {
	if err := r.ParseForm(); err != nil {
		return "", sso.Refuse(sso.ResponseMalformed)
	}
	return r.PostForm.Get("RelayState"), nil
}

func (plainSAML) Finish(_ context.Context, r *http.Request, a sso.Attempt) (sso.Identity, error) {
	f := r.PostForm
	if f.Get("signed_by") != a.Connection.ID.String() {
		a.Trail.Fail("signature", "a key of the connection", "another one")
		return sso.Identity{}, sso.Refuse(sso.SignatureKeyUnknown)
	}
	a.Trail.Pass("signature", "")
	a.Trail.Prove()
	a.Trail.Keep("saml_response", []byte(f.Encode()))
	if got := f.Get("InResponseTo"); got != a.RequestID {
		a.Trail.Fail("in response to", a.RequestID, got)
		return sso.Identity{}, sso.Refuse(sso.InResponseToMismatch)
	}
	if reason := f.Get("wrong"); reason != "" {
		a.Trail.Fail(reason, "something", "something else")
		return sso.Identity{}, sso.Refuse(sso.Reason(reason))
	}
	who := sso.Identity{
		Issuer: a.Connection.SAML.EntityID, Subject: f.Get("subject"), Email: f.Get("email"), EmailVerified: true, Name: f.Get("name"),
		Assertion: f.Get("assertion"), AssertionUntil: a.Now.Add(time.Hour), Claims: map[string][]string{"email": f["email"]},
	}
	if f.Has("legacy") {
		who.Legacy = []string{f.Get("legacy")}
	}
	return who, nil
}

// samlCompany is a company whose connection speaks SAML.
func (w *world) samlCompany(tb testing.TB, settings sso.SAML) *company {
	tb.Helper()
	if w.saml == nil {
		w.saml = plainSAML{}
		w.signIn = w.newSignIn(tb)
	}
	c := w.company(tb)
	settings.EntityID = "https://idp.test/" + c.tenant.Slug
	c.configure(tb, settings)
	return c
}

// configure writes what the pages of a connection would.
func (c *company) configure(tb testing.TB, settings sso.SAML) {
	tb.Helper()
	text, err := json.Marshal(settings)
	must(tb, err)
	_, err = c.admin.Exec(tb.Context(), "UPDATE connections SET protocol = 'saml', issuer = $1, saml = $2 WHERE id::text = $3",
		settings.EntityID, text, c.connection.ID.UUID().String())
	must(tb, err)
	c.connection.SAML = &settings
}

// response is what the company's provider says about somebody, as fields.
func (c *company) response(login string, more ...string) url.Values {
	u := c.person(login)
	f := url.Values{
		"signed_by": {c.connection.ID.String()}, "subject": {u.Subject}, "email": {u.Email}, "name": {u.Name},
		"assertion": {"_" + login + time.Now().String()},
	}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

// post makes the browser post a response to the connection, with cookies.
func (c *company) post(tb testing.TB, f url.Values, cookies ...*http.Cookie) (sso.Result, error) {
	tb.Helper()
	r := httptest.NewRequestWithContext(visitor(tb), http.MethodPost, c.signIn.CallbackURL(c.connection), strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return c.signIn.Finish(visitor(tb), r, sso.ProtocolSAML, c.connection.ID)
}

// asked is the form that answers the request of a tab.
func (c *company) asked(t *tab, login string, more ...string) url.Values {
	return c.response(login, append([]string{"InResponseTo", t.redirect.Form.Get("SAMLRequest"), "RelayState", t.redirect.Form.Get("RelayState")}, more...)...)
}

func (t *tab) cookie() *http.Cookie {
	return &http.Cookie{Name: t.redirect.CookieName, Value: t.redirect.CookieValue}
}

// browser is a request of the browser that a sign-in was redirected in, to a page of ours.
func browser(tb testing.TB, r sso.Redirect) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(visitor(tb), http.MethodPost, base+"/sso/confirm", nil)
	req.AddCookie(&http.Cookie{Name: r.CookieName, Value: r.CookieValue})
	return req
}
