package attack_test

import (
	"bytes"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// workforce is a tenant that signs in by SAML, and the key of its provider.
type workforce struct {
	*apitest.Tenant
	connection id.Connection
	entityID   string // ours
	acs        string
	idp        string // theirs
	key        *samlforge.Key
}

// providerKey is made once: nothing changes it.
var providerKey = sync.OnceValues(func() (*samlforge.Key, error) {
	return samlforge.NewKey(samlforge.RSA2048, time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour))
})

// employ connects a tenant by hand to a provider with an entity ID. All of them use one key, as tenants of one large provider do.
func employ(tb testing.TB, s *apitest.Server, entityID string) workforce {
	tb.Helper()
	key, err := providerKey()
	must(tb, err)
	w := workforce{Tenant: s.NewTenant(tb, billing.Enterprise), idp: entityID, key: key}
	owner := s.Bearer(s.Session(tb, w.Tenant, rbac.Owner))
	var made struct {
		ID          id.Connection `json:"id"`
		RedirectURI string        `json:"redirect_uri"`
		SAML        struct {
			SP struct {
				EntityID string `json:"entity_id"`
			} `json:"sp"`
		} `json:"saml"`
	}
	owner.Do(tb, "POST", "/v1/connections", map[string]any{"protocol": "saml", "name": "Provider", "saml": map[string]any{
		"entity_id": entityID, "sso_url": "https://idp.corp.example/sso",
		"certificates": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Cert.Raw})),
	}}).Want(tb, 201).JSON(tb, &made)
	owner.Do(tb, "POST", "/v1/connections/"+made.ID.String()+"/activate", nil).Want(tb, 200)
	w.connection, w.acs, w.entityID = made.ID, made.RedirectURI, made.SAML.SP.EntityID
	return w
}

// asked is a sign-in that waits for its answer.
type asked struct{ request, state string }

func (w workforce) ask(tb testing.TB, b *browser) asked {
	tb.Helper()
	r, err := samlforge.ReadRedirect(b.begin(tb, w.Tenant, w.connection))
	must(tb, err)
	return asked{r.RequestID, r.RelayState}
}

// answers describes what the provider honestly says about somebody.
func (w workforce) answers(a asked, login string) samlforge.Options {
	return samlforge.Options{
		IdP: w.idp, SP: w.entityID, ACS: w.acs, InResponseTo: a.request, Now: time.Now(), Key: w.key, Subject: samlforge.Person{
			NameID:     samlforge.NameID{Value: login, Format: samlforge.Persistent},
			Attributes: []samlforge.Attribute{{Name: "email", Values: []string{login + "@" + w.Domain}}, {Name: "displayName", Values: []string{login}}},
		},
	}
}

func built(tb testing.TB, o samlforge.Options) []byte {
	tb.Helper()
	doc, err := samlforge.Response(o)
	must(tb, err)
	return doc
}

// deliver posts an answer as the provider's page does, from another site.
func (b *browser) deliver(tb testing.TB, w workforce, doc []byte, state string) *apitest.Answer {
	tb.Helper()
	u, err := url.Parse(w.acs)
	must(tb, err)
	form := samlforge.Post{ACS: w.acs, Document: doc, RelayState: state}.Form()
	from := *b
	from.Client = b.With("Sec-Fetch-Site", "cross-site").With("Origin", "https://idp.corp.example")
	return from.do(tb, http.MethodPost, u.Path, form.Encode(), "application/x-www-form-urlencoded")
}

func TestSAML_133_134_OneResponseFiftyTimesAtOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	w := employ(t, s, "https://idp.corp.example/one")
	b := newBrowser(s)
	a := w.ask(t, b)
	doc := built(t, w.answers(a, "alice"))
	var lock sync.Mutex
	var group sync.WaitGroup
	in, answers := 0, map[string]int{}
	for range 50 {
		group.Go(func() {
			mine := browser{b.Client, s, maps.Clone(b.cookies)}
			answer := mine.deliver(t, w, doc, a.state)
			lock.Lock()
			defer lock.Unlock()
			if answer.StatusCode == http.StatusSeeOther && mine.cookies[sessions.AccessCookie] != "" {
				in++
			} else {
				answers[code(t, answer)]++
			}
		})
	}
	group.Wait()
	if in != 1 {
		t.Errorf("%d of fifty got a session, want one; the others: %v", in, answers)
	}
	for reason := range answers {
		if reason != "attempt_used" && reason != "sso_busy" && reason != "too_many_requests" && reason != "overloaded" {
			t.Errorf("refused with %q", reason)
		}
	}
	refused(t, s, b, "attempt_used", func() *apitest.Answer { return b.deliver(t, w, doc, a.state) })
}

func TestSAML_138_150_153_RelayStateBelongsToOneBrowser(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	w := employ(t, s, "https://idp.corp.example/two")
	mine, theirs := newBrowser(s), newBrowser(s)
	a, other := w.ask(t, mine), w.ask(t, theirs)
	doc := built(t, w.answers(a, "alice"))
	refused(t, s, theirs, "in_response_to_mismatch", func() *apitest.Answer { return theirs.deliver(t, w, doc, other.state) })
	refused(t, s, theirs, "wrong_browser", func() *apitest.Answer { return theirs.deliver(t, w, doc, a.state) })
	for _, evil := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/%09/evil.example", strings.Repeat("x", 81)} {
		b := newBrowser(s)
		a := w.ask(t, b)
		answer := b.deliver(t, w, built(t, w.answers(a, "alice")), evil)
		if to := answer.Header.Get("Location"); answer.StatusCode < 400 || answer.StatusCode > 499 || to != "" || bytes.Contains(answer.Text, []byte("evil")) {
			t.Errorf("relay state %q = %d to %q", evil, answer.StatusCode, to)
		}
	}
}

// Two tenants use one provider: the same entity ID, the same key. What it says to one of them is nothing to the other.
func TestSAML_105_139_163_165_XT_01_02_03_TwoTenantsOfOneSAMLProvider(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := employ(t, s, "https://idp.corp.example/shared"), employ(t, s, "https://idp.corp.example/shared")
	if victim.entityID == evil.entityID || victim.acs == evil.acs {
		t.Fatal("two connections have one name at the provider")
	}
	b := newBrowser(s)
	doc := built(t, evil.answers(evil.ask(t, b), "alice"))
	a := victim.ask(t, b)
	refused(t, s, b, "destination_mismatch", func() *apitest.Answer { return b.deliver(t, victim, doc, a.state) })

	for what, change := range map[string]func(*samlforge.Options){
		"audience":    func(o *samlforge.Options) { o.SP = evil.entityID },
		"destination": func(o *samlforge.Options) { o.ACS = evil.acs },
	} {
		a := victim.ask(t, b)
		o := victim.answers(a, "alice")
		change(&o)
		refused(t, s, b, what+"_mismatch", func() *apitest.Answer { return b.deliver(t, victim, built(t, o), a.state) })
	}
	// The state of one tenant's sign-in at the other's consumer service.
	a = evil.ask(t, b)
	refused(t, s, b, "connection_mismatch", func() *apitest.Answer { return b.deliver(t, victim, built(t, evil.answers(a, "alice")), a.state) })
}

// The provider of one tenant says what it likes about people of another.
func TestXT_04_06_20_DOM_08_ASAMLProviderSpeaksForItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := employ(t, s, "https://idp.corp.example/v"), employ(t, s, "https://idp.evil.example/e")
	b := newBrowser(s)
	a := victim.ask(t, b)
	b.deliver(t, victim, built(t, victim.answers(a, "alice")), a.state).Want(t, http.StatusSeeOther)
	for _, email := range []string{
		"alice@" + victim.Domain, "owner@" + victim.Domain, "alice@sub." + evil.Domain, "alice@" + evil.Domain + ".evil.example", "support+x@" + victim.Domain,
	} {
		b := newBrowser(s)
		a := evil.ask(t, b)
		o := evil.answers(a, "alice") // the subject that the victim's alice has
		o.Subject.Attributes[0].Values = []string{email}
		refused(t, s, b, "domain_not_allowed", func() *apitest.Answer { return b.deliver(t, evil, built(t, o), a.state) })
	}
}

func TestSAML_119_154_WhatAProviderSaysBreaksNoLog(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	w := employ(t, s, "https://idp.corp.example/log")
	const fake = "ok\r\n{\"level\":\"INFO\",\"msg\":\"forged_line\"}"
	b := newBrowser(s)
	a := w.ask(t, b)
	doc, err := samlforge.Failure(w.answers(a, "alice"), fake, "urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
	must(t, err)
	answer := b.deliver(t, w, doc, a.state)
	if code(t, answer) != "response_status" || bytes.Contains(answer.Text, []byte("forged_line")) {
		t.Errorf("status = %d %s, want response_status and nothing of what the provider wrote", answer.StatusCode, answer.Text)
	}
	for _, state := range []string{a.state + "\r\nforged_line", "\r\n{\"msg\":\"forged_line\"}"} {
		b.deliver(t, w, doc, state)
	}
	a = w.ask(t, b)
	o := w.answers(a, "alice")
	o.Subject.NameID.Value = "alice" + fake
	b.deliver(t, w, built(t, o), a.state)
	for line := range strings.Lines(s.Log.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), `{"level":"INFO","msg":"forged_line"`) || strings.Contains(line, "<saml") || strings.Contains(line, "PD94") {
			t.Errorf("the log has a line that a provider wrote, or a document: %s", line)
		}
	}
}

// What a disabled or suspended way in refuses, it refuses whatever comes.
func TestSAML_144_XT_39_AClosedConnectionLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	w := employ(t, s, "https://idp.corp.example/closed")
	b := newBrowser(s)
	a := w.ask(t, b)
	owner := s.Bearer(s.Session(t, w.Tenant, rbac.Owner))
	owner.Do(t, "POST", "/v1/connections/"+w.connection.String()+"/disable", nil).Want(t, 200)
	refused(t, s, b, "connection_inactive", func() *apitest.Answer { return b.deliver(t, w, built(t, w.answers(a, "alice")), a.state) })
	unasked := w.answers(asked{}, "alice")
	if answer := newBrowser(s).deliver(t, w, built(t, unasked), ""); answer.StatusCode < 400 || answer.StatusCode > 499 {
		t.Errorf("an answer that nobody asked for = %d, want a refusal", answer.StatusCode)
	}
}
