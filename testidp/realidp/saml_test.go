package realidp_test

import (
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

func TestSimpleSAMLphp(t *testing.T) {
	t.Parallel()
	p := realidp.StartSimpleSAMLphp(t, "acme")
	proveSAML(t, p, "acme", map[string]realidp.Party{
		"defaults":                {},
		"assertion only":          {Sign: realidp.SignAssertion},
		"response only":           {Sign: realidp.SignResponse},
		"nothing signed":          {Sign: realidp.SignNothing},
		"encrypted":               {Encrypt: realidp.AES128CBC},
		"encrypted, response":     {Encrypt: realidp.AES128CBC, Sign: realidp.SignResponse},
		"SHA-512":                 {Hash: realidp.SHA512},
		"SHA-1":                   {Hash: realidp.SHA1},
		"persistent":              {NameID: realidp.PersistentNameID},
		"transient":               {NameID: realidp.TransientNameID},
		"requests must be signed": {SignedRequests: true},
	})
	if err := p.Register(t.Context(), "acme", realidp.Party{Encrypt: realidp.AES256GCM}); err == nil {
		t.Error("Register with AES-256-GCM = nil, want an error: it would use AES-128-CBC")
	}
}

func TestSamlp(t *testing.T) {
	t.Parallel()
	p := realidp.StartSamlp(t, "acme", "globex")
	for _, tenant := range []string{"acme", "globex"} {
		proveSAML(t, p, tenant, map[string]realidp.Party{
			"defaults":                {},
			"assertion only":          {Sign: realidp.SignAssertion},
			"response only":           {Sign: realidp.SignResponse},
			"nothing signed":          {Sign: realidp.SignNothing},
			"AES-256-GCM":             {Encrypt: realidp.AES256GCM},
			"AES-128-GCM, assertion":  {Encrypt: realidp.AES128GCM, Sign: realidp.SignAssertion},
			"AES-256-CBC":             {Encrypt: realidp.AES256CBC},
			"SHA-1":                   {Hash: realidp.SHA1},
			"persistent":              {NameID: realidp.PersistentNameID},
			"transient":               {NameID: realidp.TransientNameID},
			"requests must be signed": {SignedRequests: true},
		})
	}
	if err := p.Register(t.Context(), "acme", realidp.Party{Hash: realidp.SHA512}); err == nil {
		t.Error("Register with SHA-512 = nil, want an error: samlp cannot")
	}
}

// proveSAML signs in at service providers that are registered in different ways, and out again.
func proveSAML(t *testing.T, p *realidp.SAML, tenant string, parties map[string]realidp.Party) {
	t.Helper()
	id := newIdentity(t)
	for name, party := range parties {
		sp := id.register(t, p, tenant, party)
		for _, request := range []realidp.Delivery{sp.redirect(t, sp.authnRequest("_r1")), sp.post(t, sp.authnRequest("_r1"))} {
			d, err := p.Login(t.Context(), nil, request, "alice")
			if err != nil {
				t.Fatalf("%s: Login = %v", name, err)
			}
			if d.Method != http.MethodPost || d.URL != sp.acs || d.Values.Get("RelayState") != "the-state" {
				t.Errorf("%s: Login = %s %s with state %q, want a form for %s", name, d.Method, d.URL, d.Values.Get("RelayState"), sp.acs)
			}
			got := sp.open(t, d)
			if got.inResponseTo != "_r1" || !slices.Equal(got.attributes["email"], []string{"alice@" + tenant + ".example"}) ||
				!slices.Equal(got.attributes["groups"], []string{"staff", "admins"}) {
				t.Errorf("%s: response = %+v, want alice and her groups", name, got)
			}
			if diff := cmp.Diff(sp.want(), got.form()); diff != "" {
				t.Errorf("%s: form of the response (-want +got):\n%s", name, diff)
			}
		}
	}
	sp := id.register(t, p, tenant, realidp.Party{})
	proveRefusals(t, sp)
	proveSettablePeople(t, sp)
	proveInitiatedLogin(t, sp)
	proveLogout(t, sp)
	proveRollover(t, sp)
}

func proveRefusals(t *testing.T, sp *serviceProvider) {
	t.Helper()
	if d, err := sp.idp.Login(t.Context(), nil, sp.redirect(t, sp.authnRequest("_r1")), "nobody"); err == nil {
		t.Errorf("Login(nobody) = %v, want an error", d)
	}
	strict := sp.register(t, sp.idp, sp.tenant, realidp.Party{SignedRequests: true})
	signed := strict.redirect(t, strict.authnRequest("_r1"))
	unsigned, _, _ := strings.Cut(signed.URL, "&SigAlg=")
	plain := base64.StdEncoding.EncodeToString([]byte(strict.authnRequest("_r1")))
	for name, request := range map[string]realidp.Delivery{
		"redirect without a signature": realidp.Redirect(unsigned),
		"redirect changed":             realidp.Redirect(strings.Replace(signed.URL, "RelayState=the-state", "RelayState=other", 1)),
		"form without a signature":     realidp.Post(strict.idpSSO, url.Values{"SAMLRequest": {plain}}),
	} {
		if d, err := sp.idp.Login(t.Context(), nil, request, "alice"); err == nil {
			t.Errorf("Login by %s = %v, want a refusal", name, d)
		}
	}
}

func proveSettablePeople(t *testing.T, sp *serviceProvider) {
	t.Helper()
	want := map[string][]string{"email": {"zoe@example.org"}, "groups": {"a", "b & c"}, "empty": {""}}
	if err := sp.idp.SetPerson(t.Context(), sp.tenant, realidp.Person{Login: "zoe", Attributes: want}); err != nil {
		t.Fatalf("SetPerson = %v", err)
	}
	got := sp.login(t, nil, "zoe")
	want["uid"] = []string{"zoe"}
	if diff := cmp.Diff(want, got.attributes); diff != "" {
		t.Errorf("attributes of zoe (-want +got):\n%s", diff)
	}
	if got.nameID != "zoe@example.org" {
		t.Errorf("NameID of zoe = %q, want her address", got.nameID)
	}
}

func proveInitiatedLogin(t *testing.T, sp *serviceProvider) {
	t.Helper()
	for _, state := range []string{"", "https://app.example/start?a=1&b=2"} {
		d, err := sp.idp.InitiateLogin(t.Context(), nil, realidp.InitiatedLogin{
			Tenant: sp.tenant, EntityID: sp.entityID, RelayState: state, Login: "bob",
		})
		if err != nil {
			t.Fatalf("InitiateLogin = %v", err)
		}
		if got := sp.open(t, d); got.inResponseTo != "" || got.attributes["uid"][0] != "bob" || d.Values.Get("RelayState") != state {
			t.Errorf("InitiateLogin with state %q = %+v with state %q, want an answer to no request for bob", state, got, d.Values.Get("RelayState"))
		}
	}
}

// proveLogout signs out from both ends.
func proveLogout(t *testing.T, sp *serviceProvider) {
	t.Helper()
	browser := newBrowser(t)
	first := sp.login(t, browser, "carol")
	if second := sp.login(t, browser, "nobody"); second.nameID != first.nameID {
		t.Errorf("second sign-in = %+v, want the session of carol", second)
	}
	answer, err := sp.idp.Logout(t.Context(), browser, sp.redirect(t, sp.logoutRequest(first)))
	if err != nil {
		t.Fatalf("Logout = %v", err)
	}
	sp.checkLogout(t, answer, "LogoutResponse")
	if again := sp.login(t, browser, "bob"); again.nameID == first.nameID {
		t.Error("sign-in after the logout met the session of carol")
	}

	request, err := sp.idp.InitiateLogout(t.Context(), browser, sp.tenant)
	if err != nil {
		t.Fatalf("InitiateLogout = %v", err)
	}
	id := sp.checkLogout(t, request, "LogoutRequest")
	reply := sp.redirect(t, sp.logoutResponse(id), request.Values.Get("RelayState"))
	if last, err := sp.idp.Logout(t.Context(), browser, reply); err != nil || last.Method != "" {
		t.Errorf("Logout(response) = %+v, %v, want the provider's last page", last, err)
	}
	if none, err := sp.idp.InitiateLogout(t.Context(), browser, sp.tenant); err != nil || none.Method != "" {
		t.Errorf("InitiateLogout without a session = %+v, %v, want no request", none, err)
	}
}

// proveRollover follows the key that signs through a rollover.
func proveRollover(t *testing.T, sp *serviceProvider) {
	t.Helper()
	old := sp.certificates(t)
	next, err := sp.idp.PublishNextKey(t.Context(), sp.tenant)
	if err != nil {
		t.Fatalf("PublishNextKey = %v", err)
	}
	if both := sp.certificates(t); len(both) != 2 || !slices.ContainsFunc(both, next.Equal) || !slices.ContainsFunc(both, old[0].Equal) {
		t.Errorf("%d certificates between the keys, want the old and the new", len(both))
	}
	if got := sp.login(t, nil, "alice"); !got.signedBy.Equal(old[0]) {
		t.Error("the new key signs before its time")
	}
	if err := sp.idp.SwitchKey(t.Context(), sp.tenant); err != nil {
		t.Fatalf("SwitchKey = %v", err)
	}
	if after := sp.certificates(t); len(after) != 1 || !after[0].Equal(next) {
		t.Errorf("%d certificates after the switch, want the new one only", len(after))
	}
	if got := sp.login(t, nil, "alice"); !got.signedBy.Equal(next) {
		t.Error("the old key signs after the switch")
	}
}

func newBrowser(tb testing.TB) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatalf("cookie jar: %v", err)
	}
	return &http.Client{Jar: jar}
}

func mustURL(tb testing.TB, address string) *url.URL {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatalf("parse %q: %v", address, err)
	}
	return u
}
