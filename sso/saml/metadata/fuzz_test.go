package metadata_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// FuzzParse checks that what is accepted keeps to the bounds, and says the same when it is written down again.
func FuzzParse(f *testing.F) {
	// Fixed certificates, since an input that was found must mean the same in the next process.
	text, err := os.ReadFile("testdata/fuzz.pem")
	if err != nil {
		f.Fatal(err)
	}
	fixed, err := metadata.ParseCertificates(string(text))
	if err != nil {
		f.Fatal(err)
	}
	active, next := base64.StdEncoding.EncodeToString(fixed[0].Raw), base64.StdEncoding.EncodeToString(fixed[1].Raw)
	data := map[string]string{"Active": active, "Next": next, "Other": next, "Encryption": next}
	for _, name := range []string{"okta", "entra", "google", "adfs", "keycloak", "simplesamlphp", "auth0", "jumpcloud", "onelogin", "ping", "signed"} {
		f.Add([]byte(fill(f, name, data)))
	}
	f.Add([]byte(group(fill(f, "okta", data), fill(f, "auth0", data))))
	f.Add([]byte(`{"issuer":"https://idp.test"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		o := options()
		o.Known = fixed[:1]
		e, err := metadata.Parse(doc, o)
		if err != nil {
			if refusal := (*metadata.Error)(nil); !errors.As(err, &refusal) || refusal.Reason == "" || len(refusal.Choices) > 200 {
				t.Errorf("Parse(%q) = %v, which is not a refusal", doc, err)
			}
			return
		}
		if len(e.EntityID) == 0 || len(e.EntityID) > 1024 || len(e.SSO) == 0 || len(e.SSO) > 10 || len(e.SLO) > 10 ||
			len(e.Certificates) == 0 || len(e.Certificates)+len(e.Expired) > 5 || len(e.NameIDFormats) > 20 || e.CacheDuration < 0 {
			t.Errorf("Parse(%q) = %+v, out of bounds", doc, e)
		}
		again, err := metadata.Parse([]byte(render(e)), o)
		if err != nil {
			t.Fatalf("Parse(%q) = %+v, and written again it is refused: %v", doc, e, err)
		}
		e.SignedBy = ""
		same(t, "written again", again, e)
	})
}

// render writes the metadata of a provider with nothing but these facts.
func render(e metadata.Entity) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"`, escape(e.EntityID))
	if !e.ValidUntil.IsZero() {
		fmt.Fprintf(&b, ` validUntil="%s"`, e.ValidUntil.Format(time.RFC3339Nano))
	}
	if e.CacheDuration > 0 {
		fmt.Fprintf(&b, ` cacheDuration="PT%dS"`, e.CacheDuration/time.Second)
	}
	fmt.Fprintf(&b, `><IDPSSODescriptor WantAuthnRequestsSigned="%t" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`, e.WantAuthnRequestsSigned)
	for _, cert := range append(e.Certificates, e.Expired...) {
		b.WriteString(descriptor("", base64.StdEncoding.EncodeToString(cert.Raw)))
	}
	for _, slo := range e.SLO {
		fmt.Fprintf(&b, `<SingleLogoutService Binding="%s" Location="%s"`, slo.Binding, escape(slo.Location))
		if slo.ResponseLocation != "" {
			fmt.Fprintf(&b, ` ResponseLocation="%s"`, escape(slo.ResponseLocation))
		}
		b.WriteString(`/>`)
	}
	for _, format := range e.NameIDFormats {
		fmt.Fprintf(&b, `<NameIDFormat>%s</NameIDFormat>`, escape(format))
	}
	for _, sso := range e.SSO {
		fmt.Fprintf(&b, `<SingleSignOnService Binding="%s" Location="%s"/>`, sso.Binding, escape(sso.Location))
	}
	b.WriteString(`</IDPSSODescriptor></EntityDescriptor>`)
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
