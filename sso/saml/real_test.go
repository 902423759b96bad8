package saml_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/testidp/realidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// outside is a connection to a provider that nobody here wrote.
type outside struct {
	provider *saml.Provider
	idp      *realidp.SAML
	tenant   string
	key      sso.Key
}

func newReal(tb testing.TB, idp *realidp.SAML, tenant string) *outside {
	tb.Helper()
	guard := netguard.NewDev(netguard.Policy{})
	tb.Cleanup(guard.CloseIdleConnections)
	p, err := saml.New(saml.Config{Guard: guard})
	if err != nil {
		tb.Fatal(err)
	}
	key, cert, err := metadata.NewKey(time.Now(), "con_real")
	if err != nil {
		tb.Fatal(err)
	}
	return &outside{p, idp, tenant, sso.Key{Private: key, Certificate: cert}}
}

// begin registers us at the provider, reads its metadata, and starts a sign-in.
func (r *outside) begin(ctx context.Context, tb testing.TB, d sso.SAMLDraft, party realidp.Party) sso.Attempt {
	tb.Helper()
	config := metadata.SPConfig{EntityID: sp, ACS: acs, Signing: []*x509.Certificate{r.key.Certificate}, AllowCBC: true}
	if party.Encrypt != "" {
		config.Encryption = config.Signing
	}
	doc, err := metadata.SP(config)
	if err != nil {
		tb.Fatal(err)
	}
	party.Metadata = doc
	if err := r.idp.Register(ctx, r.tenant, party); err != nil {
		tb.Fatal(err)
	}
	d.MetadataURL = r.idp.MetadataURL(r.tenant)
	found, err := r.provider.Discover(ctx, sso.Draft{Protocol: sso.ProtocolSAML, SAML: &d})
	if err != nil {
		tb.Fatal(err)
	}
	at := time.Now()
	return sso.Attempt{
		ID: id.New[id.Attempt](), Purpose: sso.ForSignIn, RedirectURI: acs, EntityID: sp, State: state, RequestID: "_" + rand.Text(), CreatedAt: at, Now: at,
		Connection: sso.Connection{
			ID: id.New[id.Connection](), Protocol: sso.ProtocolSAML, SAML: found.SAML, Issuer: found.SAML.EntityID,
			Claims: sso.ClaimMapping{Groups: "groups"},
		},
		Keys: []sso.Key{r.key}, Trail: &sso.Trail{},
	}
}

// delivered is the request that the browser makes of what the provider sent it with.
func delivered(ctx context.Context, tb testing.TB, d realidp.Delivery) *http.Request {
	tb.Helper()
	if d.Method != http.MethodPost || d.URL != acs {
		tb.Fatalf("the provider sends a %s to %s, want a form for %s", d.Method, d.URL, acs)
	}
	return post(tb, "/acs", d.Values.Encode()).WithContext(ctx)
}

// signIn plays one whole sign-in.
func (r *outside) signIn(ctx context.Context, tb testing.TB, a sso.Attempt) (sso.Identity, error) {
	tb.Helper()
	to, err := r.provider.Begin(ctx, a)
	if err != nil {
		tb.Fatal(err)
	}
	carried := realidp.Redirect(to.URL)
	if to.Form != nil {
		carried = realidp.Post(to.URL, url.Values(to.Form))
	}
	back, err := r.idp.Login(ctx, nil, carried, "alice")
	if err != nil {
		tb.Fatal(err)
	}
	request := delivered(ctx, tb, back)
	if got, err := r.provider.State(request); err != nil || got != a.State {
		tb.Errorf("State() = %q, %v, want %q", got, err, a.State)
	}
	a.Now = time.Now()
	return r.provider.Finish(ctx, request, a)
}

// realMode is a way in which a provider may be set up, and what comes of it.
type realMode struct {
	party  realidp.Party
	draft  sso.SAMLDraft
	reason sso.Reason
}

func (r *outside) play(t *testing.T, modes map[string]realMode) {
	t.Helper()
	for name, mode := range modes {
		for _, binding := range []string{sso.BindingRedirect, sso.BindingPOST} {
			mode.draft.RequestBinding = binding
			a := r.begin(t.Context(), t, mode.draft, mode.party)
			who, err := r.signIn(t.Context(), t, a)
			if reasonOf(err) != mode.reason {
				t.Errorf("%s by %s: Finish() = %v, want %q; %+v", name, binding, err, mode.reason, a.Trail.Failed())
				continue
			}
			if err != nil {
				continue
			}
			email := "alice@" + r.tenant + ".example"
			if who.Issuer != r.idp.EntityID(r.tenant) || who.Subject == "" || who.Email != email || !slices.Equal(who.Groups, []string{"admins", "staff"}) ||
				who.SessionID == "" || who.Assertion == "" || who.AuthTime.IsZero() {
				t.Errorf("%s by %s: Finish() = %+v, want alice", name, binding, who)
			}
		}
	}
}

// common are the modes that both providers know.
func common() map[string]realMode {
	return map[string]realMode{
		"defaults":                     {},
		"assertion only":               {party: realidp.Party{Sign: realidp.SignAssertion}},
		"response only":                {party: realidp.Party{Sign: realidp.SignResponse}, reason: sso.SignatureMissing},
		"response only, allowed":       {party: realidp.Party{Sign: realidp.SignResponse}, draft: sso.SAMLDraft{ResponseOnly: true}},
		"nothing signed":               {party: realidp.Party{Sign: realidp.SignNothing}, reason: sso.SignatureMissing},
		"SHA-1":                        {party: realidp.Party{Hash: realidp.SHA1}, reason: sso.SignatureAlgorithm},
		"SHA-1, allowed":               {party: realidp.Party{Hash: realidp.SHA1}, draft: sso.SAMLDraft{SHA1: true}},
		"persistent":                   {party: realidp.Party{NameID: realidp.PersistentNameID}},
		"e-mail":                       {party: realidp.Party{NameID: realidp.EmailNameID}},
		"transient":                    {party: realidp.Party{NameID: realidp.TransientNameID}, reason: sso.NameIDTransient},
		"requests must be signed":      {party: realidp.Party{SignedRequests: true}},
		"forced":                       {draft: sso.SAMLDraft{ForceAuthn: true}},
		"encrypted, and not expected":  {party: realidp.Party{Encrypt: realidp.AES128CBC}, reason: sso.EncryptionUnexpected},
		"CBC in a signed response":     {party: realidp.Party{Encrypt: realidp.AES128CBC}, draft: sso.SAMLDraft{Encryption: true}},
		"CBC in one that is not":       {party: realidp.Party{Encrypt: realidp.AES128CBC, Sign: realidp.SignAssertion}, draft: sso.SAMLDraft{Encryption: true}, reason: sso.DecryptionFailed},
		"CBC, response only, allowed":  {party: realidp.Party{Encrypt: realidp.AES128CBC, Sign: realidp.SignResponse}, draft: sso.SAMLDraft{Encryption: true, ResponseOnly: true}},
		"CBC, response only":           {party: realidp.Party{Encrypt: realidp.AES128CBC, Sign: realidp.SignResponse}, draft: sso.SAMLDraft{Encryption: true}, reason: sso.SignatureMissing},
		"weak, where more is demanded": {draft: sso.SAMLDraft{AuthnContexts: []string{samlforge.MFAContext}}, reason: sso.AuthnContextWeak},
	}
}

func TestSimpleSAMLphp(t *testing.T) {
	t.Parallel()
	r := newReal(t, realidp.StartSimpleSAMLphp(t, "acme"), "acme")
	modes := common()
	modes["SHA-512"] = realMode{party: realidp.Party{Hash: realidp.SHA512}}
	r.play(t, modes)
	r.rollOver(t)
	r.fromProvider(t)
}

func TestSamlp(t *testing.T) {
	t.Parallel()
	r := newReal(t, realidp.StartSamlp(t, "acme"), "acme")
	modes := common()
	modes["GCM"] = realMode{party: realidp.Party{Encrypt: realidp.AES256GCM, Sign: realidp.SignAssertion}, draft: sso.SAMLDraft{Encryption: true}}
	modes["GCM in a signed response"] = realMode{party: realidp.Party{Encrypt: realidp.AES128GCM}, draft: sso.SAMLDraft{Encryption: true}}
	r.play(t, modes)
	r.rollOver(t)
	r.fromProvider(t)
}

// rollOver follows a key change in the middle: who knows both certificates notices nothing, who knows the old one alone refuses the new.
func (r *outside) rollOver(t *testing.T) {
	t.Helper()
	only := r.begin(t.Context(), t, sso.SAMLDraft{}, realidp.Party{})
	if _, err := r.idp.PublishNextKey(t.Context(), r.tenant); err != nil {
		t.Fatal(err)
	}
	both := r.begin(t.Context(), t, sso.SAMLDraft{}, realidp.Party{})
	if n := len(both.Connection.SAML.Certificates); n != 2 {
		t.Fatalf("%d certificates between the keys, want 2", n)
	}
	for _, a := range []sso.Attempt{only, both} {
		if _, err := r.signIn(t.Context(), t, a); err != nil {
			t.Errorf("Finish() before the switch = %v, want nil", err)
		}
	}
	if err := r.idp.SwitchKey(t.Context(), r.tenant); err != nil {
		t.Fatal(err)
	}
	if _, err := r.signIn(t.Context(), t, both); err != nil {
		t.Errorf("Finish() with both certificates after the switch = %v, want nil", err)
	}
	slices.Reverse(both.Connection.SAML.Certificates)
	if _, err := r.signIn(t.Context(), t, both); err != nil {
		t.Errorf("Finish() with both certificates in the other order = %v, want nil", err)
	}
	if _, err := r.signIn(t.Context(), t, only); reasonOf(err) != sso.SignatureKeyUnknown {
		t.Errorf("Finish() with the old certificate alone = %v, want %s", err, sso.SignatureKeyUnknown)
	}
}

// fromProvider begins at the provider, where that is allowed and where it is not.
func (r *outside) fromProvider(t *testing.T) {
	t.Helper()
	for _, allowed := range []bool{true, false} {
		a := r.begin(t.Context(), t, sso.SAMLDraft{IdPInitiated: allowed}, realidp.Party{})
		back, err := r.idp.InitiateLogin(t.Context(), nil, realidp.InitiatedLogin{Tenant: r.tenant, EntityID: sp, RelayState: "https://app.test/deep", Login: "alice"})
		if err != nil {
			t.Fatal(err)
		}
		request := delivered(t.Context(), t, back)
		if got, err := r.provider.State(request); err != nil || got != "" {
			t.Errorf("State() = %q, %v, want none", got, err)
		}
		a.RequestID, a.State, a.Now = "", "", time.Now()
		who, err := r.provider.Finish(t.Context(), request, a)
		if want := map[bool]sso.Reason{true: accepted, false: sso.UnsolicitedResponse}[allowed]; reasonOf(err) != want {
			t.Errorf("Finish() of an unsolicited response = %+v, %v, want %q", who, err, want)
		}
	}
}
