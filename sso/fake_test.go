package sso_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// oracle is a provider of any protocol that says what a test wants it to: everything behind the protocol is tried with it.
type oracle struct {
	turn sync.Mutex
	says map[string]said // by login
}

type said struct {
	who     sso.Identity
	refusal error
}

const oracleIssuer = "https://oracle.test/"

func (o *oracle) Discover(context.Context, sso.Draft) (sso.Found, error) {
	return sso.Found{Endpoints: sso.Endpoints{
		Authorization: oracleIssuer + "authorize", Token: oracleIssuer + "token", Keys: oracleIssuer + "keys", Algorithms: []string{"ES256"}, TokenAuth: "none",
	}}, nil
}

func (o *oracle) Begin(_ context.Context, a sso.Attempt) (sso.Departure, error) {
	return sso.Departure{URL: oracleIssuer + "?" + url.Values{"state": {a.State}, "hint": {a.LoginHint}}.Encode()}, nil
}

func (o *oracle) State(r *http.Request) (string, error) { return r.URL.Query().Get("state"), nil }

func (o *oracle) Finish(_ context.Context, r *http.Request, a sso.Attempt) (sso.Identity, error) {
	o.turn.Lock()
	defer o.turn.Unlock()
	s := o.says[r.URL.Query().Get("login")]
	s.who.Issuer = a.Connection.Issuer
	return s.who, s.refusal
}

func (o *oracle) say(login string, who sso.Identity, refusal error) {
	o.turn.Lock()
	defer o.turn.Unlock()
	o.says[login] = said{who, refusal}
}

// withOracle is a company whose connection of a protocol leads to an oracle.
type withOracle struct {
	*company
	oracle   *oracle
	protocol string
}

func newOracle(tb testing.TB, protocol string, changes ...func(*sso.Draft)) *withOracle {
	tb.Helper()
	w := newWorld(tb)
	c := &withOracle{company: w.company(tb), oracle: &oracle{says: map[string]said{}}, protocol: protocol}
	w.signIn = w.newSignIn(tb, func(cfg *sso.Config) { cfg.OIDC, cfg.SAML = c.oracle, c.oracle })
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error { return c.signIn.Delete(ctx, tx, c.connection.ID) })
	c.connection = c.connectOracle(tb, changes...)
	return c
}

// connectOracle makes another connection to the oracle that everybody may use.
func (c *withOracle) connectOracle(tb testing.TB, changes ...func(*sso.Draft)) sso.Connection {
	tb.Helper()
	d := sso.Draft{Name: "Oracle", Issuer: oracleIssuer, ClientID: clientID, PublicClient: true, JIT: true, DefaultRole: rbac.Member}
	for _, f := range changes {
		f(&d)
	}
	before := c.connection
	made := c.connect(tb, d)
	if c.protocol == sso.ProtocolSAML {
		c.connection = made
		c.configure(tb, sso.SAML{EntityID: oracleIssuer})
		c.connection = before
	}
	return made
}

// person is what a provider says of somebody with a verified address of the company.
func (c *withOracle) person(login string) sso.Identity {
	return sso.Identity{Subject: "sub-" + login, Email: login + "@" + c.domain, EmailVerified: true, Name: login, GroupsMissing: true}
}

// comes plays a whole sign-in of somebody of whom the provider says who.
func (c *withOracle) comes(tb testing.TB, who sso.Identity) (sso.Result, error) {
	tb.Helper()
	r, err := c.signIn.Begin(visitor(tb), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID})
	must(tb, err)
	return c.comesBack(tb, r, c.connection.ID, who, nil)
}

func (c *withOracle) comesBack(tb testing.TB, r sso.Redirect, over id.Connection, who sso.Identity, refusal error) (sso.Result, error) {
	tb.Helper()
	there, err := url.Parse(r.URL)
	must(tb, err)
	login := id.New[id.Request]().String()
	c.oracle.say(login, who, refusal)
	back := url.Values{"state": {there.Query().Get("state")}, "login": {login}}
	request := httptest.NewRequestWithContext(visitor(tb), http.MethodGet, base+"/callback?"+back.Encode(), nil)
	request.AddCookie(&http.Cookie{Name: r.CookieName, Value: r.CookieValue})
	protocol := c.protocol
	if over == id.Google {
		protocol = sso.ProtocolOIDC
	}
	return c.signIn.Finish(visitor(tb), request, protocol, over)
}

// bothProtocols runs a test once for each protocol.
func bothProtocols(t *testing.T, f func(*testing.T, string)) {
	t.Helper()
	for _, protocol := range []string{sso.ProtocolOIDC, sso.ProtocolSAML} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			f(t, protocol)
		})
	}
}
