package conformance

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// samlStand is a tenant with a connection to a SAML provider, which is a key of ours and an address that nobody calls.
type samlStand struct {
	*stand
	connection connection
	idp        string // entity id of the provider
	key        *samlforge.Key
	mode       samlforge.Mode
	context    string // what honest sign-ins say of their strength
	encryption *x509.Certificate
}

// samlOptions say how the connection is configured.
type samlOptions struct {
	mode     samlforge.Mode
	settings map[string]any
	idp      string         // default: one of its own
	key      *samlforge.Key // default: a new one
	context  string
}

func (s *suite) samlStand(ctx context.Context, o samlOptions) (*samlStand, error) {
	st, err := s.stand(ctx)
	if err != nil {
		return nil, err
	}
	out := &samlStand{stand: st, idp: o.idp, key: o.key, mode: o.mode, context: o.context}
	if out.idp == "" {
		out.idp = "https://idp." + st.tenant.Domain + "/metadata"
	}
	if out.key == nil {
		if out.key, err = samlforge.NewKey(samlforge.RSA2048, now().Add(-time.Hour), now().Add(90*24*time.Hour)); err != nil {
			return nil, err //nolint:wrapcheck // says what it is
		}
	}
	settings := map[string]any{
		"entity_id": out.idp, "sso_url": "https://idp." + st.tenant.Domain + "/sso", "slo_url": "https://idp." + st.tenant.Domain + "/slo",
		"certificates": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: out.key.Cert.Raw})),
	}
	maps.Copy(settings, o.settings)
	out.connection, err = st.connect(ctx, map[string]any{"protocol": "saml", "name": "Conformance", "saml": settings})
	if err != nil {
		return nil, err
	}
	return out, out.readMetadata(ctx)
}

// readMetadata finds the certificate for which assertions are encrypted.
func (st *samlStand) readMetadata(ctx context.Context) error {
	a, err := st.browser.visit().get(ctx, st.connection.SAML.SP.MetadataURL)
	if err != nil {
		return err
	}
	if a.status == http.StatusNotFound {
		return nil
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("metadata of the service provider at %s: status %d", st.connection.SAML.SP.MetadataURL, a.status)
	}
	sp, err := testidp.ReadServiceProvider(a.body)
	if err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	if st.encryption = sp.Encryption; st.encryption == nil && len(sp.Signing) > 0 {
		st.encryption = sp.Signing[0] // it publishes none where it expects none; whoever encrypts has to take another
	}
	return nil
}

// person is somebody at the provider.
func (st *samlStand) person(login string) samlforge.Person {
	return samlforge.Person{
		NameID: samlforge.NameID{Value: "id-" + login, Format: samlforge.Persistent},
		Attributes: []samlforge.Attribute{
			{Name: "email", NameFormat: samlforge.NameBasic, Values: []string{st.email(login)}},
			{Name: "displayName", NameFormat: samlforge.NameBasic, Values: []string{login}},
		},
	}
}

func (st *stand) email(login string) string { return login + "@" + st.tenant.Domain }

// Whom forgeries speak of.
const (
	honest = "alice"
	victim = "victor"
)

func (st *stand) as(login string) Honest { return Honest{st.email(login), st.tenant.Slug} }

// request is a sign-in that waits for its answer.
type request struct{ id, relayState string }

// start begins a sign-in in a window.
func (st *samlStand) start(ctx context.Context, v *visit) (request, error) {
	target := st.base.String() + "/login/" + st.tenant.Slug
	a, err := v.form(ctx, target, url.Values{"connection": {st.connection.ID}}, st.base.Scheme+"://"+st.base.Host)
	if err != nil {
		return request{}, err
	}
	if a.status != http.StatusSeeOther {
		return request{}, fmt.Errorf("a sign-in does not start: %d %s", a.status, a.code)
	}
	asked, err := samlforge.ReadRedirect(a.location)
	if err != nil {
		return request{}, fmt.Errorf("a sign-in does not start: %w", err)
	}
	return request{asked.RequestID, asked.RelayState}, nil
}

// options describe the honest answer to a request.
func (st *samlStand) options(r request, login string) samlforge.Options {
	return samlforge.Options{
		IdP: st.idp, SP: st.connection.SAML.SP.EntityID, ACS: st.connection.SAML.SP.ACSURL, InResponseTo: r.id, Now: now(), Mode: st.mode,
		Subject: st.person(login), Victim: st.person(victim), Key: st.key, Encryption: samlforge.Encryption{Cert: st.encryption},
		AuthnContext: st.context,
	}
}

// post delivers a document as the provider's page makes the browser do it, and goes on to a confirmation if there is one.
func (st *samlStand) post(ctx context.Context, v *visit, doc []byte, relayState string) (answer, error) {
	form := samlforge.Post{ACS: st.connection.SAML.SP.ACSURL, Document: doc, RelayState: relayState}.Form()
	a, err := v.form(ctx, st.connection.SAML.SP.ACSURL, form, "https://idp."+st.tenant.Domain)
	if err != nil || a.status != http.StatusSeeOther {
		return a, err
	}
	to, err := url.Parse(a.location)
	if err != nil || !strings.HasSuffix(to.Path, "/sso/confirm") {
		return a, nil //nolint:nilerr // not a confirmation
	}
	return v.form(ctx, st.base.String()+"/sso/confirm", url.Values{"state": {to.Query().Get("state")}}, st.base.Scheme+"://"+st.base.Host)
}

// signIn plays an honest sign-in.
func (st *samlStand) signIn(login string) func(context.Context, *visit) (answer, error) {
	return func(ctx context.Context, v *visit) (answer, error) {
		r, err := st.start(ctx, v)
		if err != nil {
			return answer{}, err
		}
		doc, err := samlforge.Response(st.options(r, login))
		if err != nil {
			return answer{}, err //nolint:wrapcheck // says what it is
		}
		return st.post(ctx, v, doc, r.relayState)
	}
}

// introduce signs the honest person and the victim in, so that both are members. Without that no refusal would mean anything.
func (st *samlStand) introduce(ctx context.Context, variant string) error {
	for _, login := range []string{honest, victim} {
		err := st.try(ctx, attack{
			area: Honesty, id: "SAML-HONEST", title: "an honest sign-in by SAML", variant: variant, expect: samlforge.Accept, honest: st.as(login), play: st.signIn(login),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
