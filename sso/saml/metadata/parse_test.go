package metadata_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

const (
	unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	address     = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	persistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	transient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

func redirect(location string) metadata.Endpoint {
	return metadata.Endpoint{Binding: metadata.Redirect, Location: location}
}

func post(location string) metadata.Endpoint {
	return metadata.Endpoint{Binding: metadata.Post, Location: location}
}

// TestProviders reads documents shaped like those of the providers that there are guides for.
func TestProviders(t *testing.T) {
	t.Parallel()
	ids := provider()
	active := ids.Active.cert
	okta := "https://acme.okta.com/app/acme_gatehouse_1/exk1a2b3c4d5e6f7g8h9/sso/saml"
	entra := "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/saml2"
	google := "https://accounts.google.com/o/saml2/idp?idpid=C01abc2de"
	adfs := "https://adfs.acme.test/adfs/ls/"
	keycloak := "https://sso.acme.test/realms/acme/protocol/saml"
	simple := "https://idp.acme.test/simplesaml/saml2/idp/"
	auth0 := "https://acme.eu.auth0.com/samlp/AbCdEf123456"
	jumpcloud := "https://sso.jumpcloud.com/saml2/acme-gatehouse"
	onelogin := "https://acme.onelogin.com/trust/saml2/"
	ping := "https://auth.pingone.eu/9f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0"
	for name, want := range map[string]metadata.Entity{
		"okta": {
			EntityID: "http://www.okta.com/exk1a2b3c4d5e6f7g8h9", SSO: []metadata.Endpoint{post(okta), redirect(okta)},
			NameIDFormats: []string{unspecified, address},
		},
		"entra": {
			EntityID: "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
			SSO:      []metadata.Endpoint{redirect(entra), post(entra)}, SLO: []metadata.Endpoint{redirect(entra)},
		},
		"google": {
			EntityID: "https://accounts.google.com/o/saml2?idpid=C01abc2de", SSO: []metadata.Endpoint{redirect(google), post(google)},
			ValidUntil: time.Date(2031, 4, 12, 8, 15, 30, 0, time.UTC), NameIDFormats: []string{address},
		},
		"adfs": {
			EntityID: "http://adfs.acme.test/adfs/services/trust", SSO: []metadata.Endpoint{redirect(adfs), post(adfs)},
			SLO: []metadata.Endpoint{redirect(adfs), post(adfs)}, NameIDFormats: []string{address, persistent, transient},
		},
		"keycloak": {
			EntityID: "https://sso.acme.test/realms/acme", SSO: []metadata.Endpoint{post(keycloak), redirect(keycloak)},
			SLO: []metadata.Endpoint{post(keycloak), redirect(keycloak)}, NameIDFormats: []string{persistent, address},
			WantAuthnRequestsSigned: true,
		},
		"simplesamlphp": {
			EntityID: simple + "metadata.php", SSO: []metadata.Endpoint{redirect(simple + "SSOService.php")},
			SLO: []metadata.Endpoint{{
				Binding: metadata.Redirect, Location: simple + "SingleLogoutService.php", ResponseLocation: simple + "SingleLogoutReturn.php",
			}},
			ValidUntil: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), CacheDuration: 30 * time.Hour, NameIDFormats: []string{transient},
		},
		"auth0": {
			EntityID: "urn:acme.eu.auth0.com", SSO: []metadata.Endpoint{redirect(auth0), post(auth0)},
			SLO:           []metadata.Endpoint{redirect(auth0 + "/logout"), post(auth0 + "/logout")},
			NameIDFormats: []string{address, persistent, transient},
		},
		"jumpcloud": {
			EntityID: "JumpCloud", SSO: []metadata.Endpoint{redirect(jumpcloud), post(jumpcloud)}, NameIDFormats: []string{unspecified},
		},
		"onelogin": {
			EntityID: "https://app.onelogin.com/saml/metadata/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
			SSO: []metadata.Endpoint{
				redirect(onelogin + "http-post/sso/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
				post(onelogin + "http-post/sso/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
			},
			SLO: []metadata.Endpoint{redirect(onelogin + "http-redirect/slo/1234567")}, NameIDFormats: []string{address},
		},
		"ping": {
			EntityID: ping, SSO: []metadata.Endpoint{redirect(ping + "/saml20/idp/sso"), post(ping + "/saml20/idp/sso")},
			SLO:           []metadata.Endpoint{post(ping + "/saml20/idp/slo"), redirect(ping + "/saml20/idp/slo")},
			CacheDuration: 24 * time.Hour, NameIDFormats: []string{unspecified},
		},
	} {
		want.Certificates = append(want.Certificates, active)
		if name == "entra" {
			want.Certificates = append(want.Certificates, ids.Next.cert)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := sample(t, name)
			same(t, name, parse(t, doc), want)
			// As it comes out of a Windows editor, and with a comment in front of everything.
			same(t, name+" with a byte order mark", parse(t, "\xEF\xBB\xBF"+strings.ReplaceAll(doc, "\n", "\r\n")), want)
		})
	}
}

func TestWhatPeoplePasteInstead(t *testing.T) {
	t.Parallel()
	sp, err := metadata.SP(spConfig())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		doc    string
		reason metadata.Reason
	}{
		"nothing":            {"  \n", metadata.NotMetadata},
		"a web page":         {"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><br></body></html>", metadata.NotMetadata},
		"a web page, bare":   {`<html lang="en"><body>`, metadata.NotMetadata},
		"a page in XHTML":    {`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, metadata.NotMetadata},
		"a page, commented":  {`<!-- x --><html>`, metadata.NotMetadata},
		"a URL":              {"https://idp.test/metadata", metadata.NotMetadata},
		"a certificate":      {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", metadata.NotMetadata},
		"a SAML response":    {`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`, metadata.NotMetadata},
		"another namespace":  {`<EntityDescriptor xmlns="urn:other" entityID="x"/>`, metadata.NotMetadata},
		"no namespace":       {`<EntityDescriptor entityID="x"/>`, metadata.NotMetadata},
		"discovery":          {`{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/a"}`, metadata.OIDCDiscovery},
		"other JSON":         {`{"keys":[]}`, metadata.NotMetadata},
		"broken JSON":        {`{"issuer":`, metadata.NotMetadata},
		"our own metadata":   {string(sp), metadata.ServiceProvider},
		"UTF-16":             {"\xFF\xFE<\x00", metadata.Malformed},
		"half of a document": {sample(t, "okta")[:900], metadata.Malformed},
		"1 MiB and more":     {sample(t, "okta") + strings.Repeat(" ", 1<<20), metadata.TooLarge},
		"no role":            {`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`, metadata.NoIdentityProvider},
		"SAML 1.1": {
			swap(t, sample(t, "auth0"), `"urn:oasis:names:tc:SAML:2.0:protocol"`, `"urn:oasis:names:tc:SAML:1.1:protocol"`), metadata.NoIdentityProvider,
		},
		"two roles": {
			swap(t, sample(t, "auth0"), "</EntityDescriptor>",
				`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>`), metadata.Malformed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusal := refused(t, c.doc, c.reason)
			if refusal.Detail == "" || !strings.HasSuffix(refusal.Detail, ".") {
				t.Errorf("Detail = %q, want a sentence", refusal.Detail)
			}
		})
	}
}

func TestParseNeedsAddressPolicyAndTime(t *testing.T) {
	t.Parallel()
	for _, o := range []metadata.Options{{}, {Now: now}, {CheckURL: checkURL}} {
		if _, err := metadata.Parse([]byte(sample(t, "okta")), o); err == nil {
			t.Errorf("Parse(..., %v) = nil, want an error", o)
		}
	}
}

// TestSAML_158_ValidUntilPassed holds the time on each element that can bear it.
func TestSAML_158_ValidUntilPassed(t *testing.T) {
	t.Parallel()
	doc := sample(t, "auth0")
	for name, c := range map[string]struct{ old, replacement string }{
		"entity": {`entityID="urn:acme`, `validUntil="2026-11-22T09:00:00Z" entityID="urn:acme`},
		"role":   {`<IDPSSODescriptor `, `<IDPSSODescriptor validUntil="2026-11-22T10:00:00+01:00" `},
		"group": {
			doc, `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-11-22T08:59:59.999">` + doc + `</EntitiesDescriptor>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, swap(t, doc, c.old, c.replacement), metadata.Expired)
		})
	}
	e := parse(t, swap(t, doc, `entityID="urn:acme`, `validUntil="2026-11-22T09:00:01Z" cacheDuration="P1Y2M3DT4H5M6.7S" entityID="urn:acme`))
	same(t, "ValidUntil", e.ValidUntil, now.Add(time.Second))
	same(t, "CacheDuration", e.CacheDuration, (365+60+3)*24*time.Hour+4*time.Hour+5*time.Minute+6*time.Second)
}

func TestTimesAndDurationsMustBeReadable(t *testing.T) {
	t.Parallel()
	for _, attribute := range []string{
		`validUntil=""`, `validUntil="tomorrow"`, `validUntil="2027-13-01T00:00:00Z"`, `validUntil="2027-01-01"`, `validUntil="2027-01-01T00:00:00,5Z"`,
		`cacheDuration=""`, `cacheDuration="P"`, `cacheDuration="PT"`, `cacheDuration="P1DT"`, `cacheDuration="-P1D"`, `cacheDuration="86400"`,
		`cacheDuration="PT1.S"`, `cacheDuration="P1D1Y"`, `cacheDuration="P99999999999D"`,
	} {
		refused(t, swap(t, sample(t, "auth0"), `entityID="urn:acme`, attribute+` entityID="urn:acme`), metadata.Malformed)
	}
	for _, attribute := range []string{`cacheDuration="P999999999Y"`, `cacheDuration="PT0S"`} {
		e := parse(t, swap(t, sample(t, "auth0"), `entityID="urn:acme`, attribute+` entityID="urn:acme`))
		if e.CacheDuration <= 0 || e.CacheDuration > 11*365*24*time.Hour {
			t.Errorf("CacheDuration of %s = %v", attribute, e.CacheDuration)
		}
	}
}
