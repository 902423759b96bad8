package sso_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// parting signs people in as plainSAML does, and out by messages as they are.
type parting struct {
	plainSAML
	*saml.Provider
}

func (p parting) Discover(ctx context.Context, d sso.Draft) (sso.Found, error) {
	return p.Provider.Discover(ctx, d)
}

func (p parting) Begin(ctx context.Context, a sso.Attempt) (sso.Departure, error) {
	return p.plainSAML.Begin(ctx, a)
}

func (p parting) State(r *http.Request) (string, error) { return p.plainSAML.State(r) }

func (p parting) Finish(ctx context.Context, r *http.Request, a sso.Attempt) (sso.Identity, error) {
	who, err := p.plainSAML.Finish(ctx, r, a)
	who.NameID, who.NameIDFormat, who.SessionID = who.Subject, samlforge.Persistent, r.PostForm.Get("index")
	return who, err
}

// RSA keys take long to make under the race detector. The two providers do not know each other's.
var (
	theirKey = sync.OnceValues(newForgeKey)
	evilKey  = sync.OnceValues(newForgeKey)
	ourKey   = sync.OnceValues(newForgeKey)
)

func newForgeKey() (*samlforge.Key, error) {
	return samlforge.NewKey(samlforge.RSA2048, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
}

func key(tb testing.TB, forge func() (*samlforge.Key, error)) *samlforge.Key {
	tb.Helper()
	k, err := forge()
	must(tb, err)
	return k
}

// partingCompany is a company whose SAML provider takes and sends logout messages, signed by a key.
func (w *world) partingCompany(tb testing.TB, k *samlforge.Key) *company {
	tb.Helper()
	if w.saml == nil {
		guard := netguard.NewDev(netguard.Policy{})
		tb.Cleanup(guard.CloseIdleConnections)
		provider, err := saml.New(saml.Config{Guard: guard, Limits: saml.Limits{Parallel: 64}})
		must(tb, err)
		w.saml = parting{Provider: provider}
		w.signIn = w.newSignIn(tb)
	}
	c := w.samlCompany(tb, sso.SAML{
		Certificates: []sso.SAMLCertificate{{DER: k.Cert.Raw}},
		SLO: []sso.SAMLEndpoint{
			{Binding: sso.BindingRedirect, Location: "https://idp.test/slo"}, {Binding: sso.BindingPOST, Location: "https://idp.test/slo"},
		},
	})
	ours := key(tb, ourKey)
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		return c.signIn.HoldKey(ctx, tx, c.connection.ID, sso.Key{Private: ours.Signer.(*rsa.PrivateKey), Certificate: ours.Cert})
	})
	return c
}

// in signs somebody in over the company's SAML connection, in a session that the provider calls index.
func (c *company) in(tb testing.TB, login, index string) sessions.Issued {
	tb.Helper()
	tab := c.begin(tb)
	result, err := c.post(tb, c.asked(tab, login, "index", index), tab.cookie())
	must(tb, err)
	return result.Issued
}

// goodbye is what the company's provider says of somebody's sessions.
func (c *company) goodbye(login, index string, k *samlforge.Key) samlforge.LogoutOptions {
	return samlforge.LogoutOptions{
		IdP: c.connection.SAML.EntityID, Destination: c.signIn.LogoutURL(c.connection.ID), Now: time.Now(), Key: k, Binding: samlforge.PostBinding,
		Subject: samlforge.NameID{Value: "sub-" + login, Format: samlforge.Persistent}, SessionIndex: index, RelayState: "theirs",
	}
}

// bring has a browser bring a message to the company's connection.
func (c *company) bring(tb testing.TB, m samlforge.LogoutMessage, cookies ...*http.Cookie) (sso.Parted, error) {
	tb.Helper()
	address := c.signIn.LogoutURL(c.connection.ID)
	r := httptest.NewRequestWithContext(visitor(tb), http.MethodGet, address+"?"+m.Query, nil)
	if m.Form != nil {
		r = httptest.NewRequestWithContext(visitor(tb), http.MethodPost, address, strings.NewReader(m.Form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return c.signIn.SingleLogout(visitor(tb), r, c.connection.ID)
}

func forged(tb testing.TB, build func(samlforge.LogoutOptions) (samlforge.LogoutMessage, error), o samlforge.LogoutOptions) samlforge.LogoutMessage {
	tb.Helper()
	m, err := build(o)
	must(tb, err)
	return m
}

// ended says why a session was revoked; "" if it lives.
func (w *world) ended(tb testing.TB, session id.Session) (reason string) {
	tb.Helper()
	must(tb, w.admin.QueryRow(tb.Context(), "SELECT revoke_reason FROM sessions WHERE id::text = $1", session.UUID().String()).Scan(&reason))
	return reason
}

// stays holds a refused logout message to what it must be: 400 with one code, no answer to anybody, and no row changed.
func (c *company) stays(tb testing.TB, what string, do func() (sso.Parted, error)) {
	tb.Helper()
	before := c.rows(tb)
	parted, err := do()
	if codeOf(err) != "400 logout_refused" {
		tb.Errorf("%s = %v, want 400 logout_refused", what, err)
	}
	if parted.Departure.URL != "" {
		tb.Errorf("%s is answered at %s", what, parted.Departure.URL)
	}
	if diff := cmp.Diff(before, c.rows(tb)); diff != "" {
		tb.Errorf("%s changed rows (-before +after):\n%s", what, diff)
	}
}

// asked is what a LogoutRequest of ours says.
type asked struct{ id, name, format, index, state string }

// readLogout reads a LogoutRequest that is on its way, by redirect, and proves that it is signed by our key.
func readLogout(tb testing.TB, to sso.Redirect, ours *x509.Certificate) asked {
	tb.Helper()
	_, query, _ := strings.Cut(to.URL, "?")
	m, _, err := xmlsig.VerifyQuery(query, xmlsig.Trust{Certificates: []*x509.Certificate{ours}, Now: time.Now()})
	must(tb, err)
	var doc struct {
		ID     string `xml:"ID,attr"`
		NameID struct {
			Value  string `xml:",chardata"`
			Format string `xml:"Format,attr"`
		}
		Index string `xml:"SessionIndex"`
	}
	must(tb, xml.Unmarshal(m.XML, &doc))
	return asked{doc.ID, doc.NameID.Value, doc.NameID.Format, doc.Index, m.RelayState}
}
