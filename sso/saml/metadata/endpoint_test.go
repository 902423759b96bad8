package metadata_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// TestSAML_157_176_Locations tries each address as a sign-on address, as a logout address and as a place for answers.
func TestSAML_157_176_Locations(t *testing.T) {
	t.Parallel()
	doc := sample(t, "simplesamlphp")
	places := []string{
		"https://idp.acme.test/simplesaml/saml2/idp/SSOService.php",
		"https://idp.acme.test/simplesaml/saml2/idp/SingleLogoutService.php",
		"https://idp.acme.test/simplesaml/saml2/idp/SingleLogoutReturn.php",
	}
	for _, location := range []string{
		"", "javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "http://idp.test/", "HTTP://idp.test/", "//evil.test/", "/sso", "sso",
		"https:evil", "https:///x", "https://", "https://user@idp.test/", "https://user:password@idp.test/", "https://idp.test/#f", "https://idp.test/#",
		"https://idp.test/ x", " https://idp.test/", "https://idp.test\\@evil.test/", "https://idp.test/&#10;x", "https://10.0.0.1/", "https://169.254.169.254/",
		"https://localhost/", "http://localhost/", "http://localhost.evil.test/", "http://127.0.0.1.evil.test/", "ftp://idp.test/", "https://\u0131dp.test/",
		"https://idp.test/?SAMLRequest=x", "https://idp.test/?RelayState=x", "https://idp.test/?a=b;c", "https://idp.test/?a=%zz",
		"https://idp.test/" + strings.Repeat("x", 2048), "https://idp.test:port/",
	} {
		for _, place := range places {
			refused(t, swap(t, doc, place, location), metadata.EndpointRefused)
		}
	}
	for _, location := range []string{
		"https://idp.test", "https://idp.test:8443/sso?idpid=C01&amp;x=y", "http://127.0.0.1:8080/sso", "http://[::1]:8080/sso", "https://xn--dp-xka.test/",
	} {
		want := strings.ReplaceAll(location, "&amp;", "&")
		if e := parse(t, swap(t, doc, places[0], location)); e.SSO[0].Location != want {
			t.Errorf("Location = %q, want %q", e.SSO[0].Location, want)
		}
	}
}

func TestSAML_157_OtherBindings(t *testing.T) {
	t.Parallel()
	const sso = `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://acme.eu.auth0.com/samlp/AbCdEf123456"/>`
	doc := sample(t, "auth0")

	// Nothing ever goes to an endpoint of another binding, so its address is not judged.
	e := parse(t, swap(t, doc, sso, sso+`<SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="javascript:x"/>`))
	if len(e.SSO) != 2 {
		t.Errorf("SSO = %v, want two endpoints", e.SSO)
	}
	refused(t, swap(t, doc, "bindings:HTTP-", "bindings:http-"), metadata.SignOnMissing)
	refused(t, swap(t, doc, "SingleSignOnService", "SingleSignOnServices"), metadata.SignOnMissing)
	refused(t, swap(t, doc, sso, ` <x:SingleSignOnService xmlns:x="urn:x" `+strings.TrimPrefix(sso, "<SingleSignOnService")+swap(t, sso, "Location=", "xmlns:y='urn:y' y:Location=")),
		metadata.EndpointRefused)
	// Twice the same is once; more than ten are too many.
	if e := parse(t, swap(t, doc, sso, strings.Repeat(sso, 50))); len(e.SSO) != 2 {
		t.Errorf("SSO = %v, want two endpoints", e.SSO)
	}
	var many strings.Builder
	for i := range 11 {
		many.WriteString(swap(t, sso, "AbCdEf", string(rune('a'+i))))
	}
	refused(t, swap(t, doc, sso, many.String()), metadata.Malformed)
}
