package realidp_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

// serviceProvider is the other end: messages by hand, and signatures checked by goxmldsig.
type serviceProvider struct {
	identity
	idp            *realidp.SAML
	tenant         string
	party          realidp.Party
	entityID       string
	acs, slo       string
	idpSSO, idpSLO string
}

// identity is a key and its certificate, for as many service providers as like: making one takes long.
type identity struct {
	key         *rsa.PrivateKey
	certificate []byte
}

func newIdentity(tb testing.TB) identity {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatalf("make key: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatalf("make certificate: %v", err)
	}
	return identity{key, certificate}
}

func (id identity) register(tb testing.TB, idp *realidp.SAML, tenant string, party realidp.Party) *serviceProvider {
	tb.Helper()
	host := "https://" + strings.ToLower(rand.Text()) + ".example"
	sp := &serviceProvider{
		identity: id, idp: idp, tenant: tenant, party: party,
		entityID: host + "/metadata", acs: host + "/acs", slo: host + "/slo",
	}
	party.Metadata = fmt.Appendf(nil, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s"/>
<NameIDFormat>%s</NameIDFormat>
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s" index="0"/>
</SPSSODescriptor></EntityDescriptor>`, sp.entityID, base64.StdEncoding.EncodeToString(sp.certificate), sp.slo, realidp.EmailNameID, sp.acs)
	if err := idp.Register(tb.Context(), tenant, party); err != nil {
		tb.Fatalf("Register = %v", err)
	}
	root := sp.metadata(tb)
	if got := root.SelectAttrValue("entityID", ""); got != idp.EntityID(tenant) {
		tb.Fatalf("entity ID in the metadata = %q, want %q", got, idp.EntityID(tenant))
	}
	for path, to := range map[string]*string{".//SingleSignOnService": &sp.idpSSO, ".//SingleLogoutService": &sp.idpSLO} {
		*to = root.FindElement(path).SelectAttrValue("Location", "")
	}
	return sp
}

func (sp *serviceProvider) metadata(tb testing.TB) *etree.Element {
	tb.Helper()
	raw, err := sp.idp.Metadata(tb.Context(), sp.tenant)
	if err != nil {
		tb.Fatalf("Metadata = %v", err)
	}
	return parse(tb, raw)
}

// certificates are the signing certificates of the provider's metadata.
func (sp *serviceProvider) certificates(tb testing.TB) []*x509.Certificate {
	tb.Helper()
	var all []*x509.Certificate
	for _, el := range sp.metadata(tb).FindElements(".//KeyDescriptor[@use='signing']//X509Certificate") {
		certificate, err := x509.ParseCertificate(octets(tb, el))
		if err != nil {
			tb.Fatalf("parse certificate: %v", err)
		}
		all = append(all, certificate)
	}
	return all
}

const protocol = `xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0"`

func (sp *serviceProvider) authnRequest(id string) string {
	return fmt.Sprintf(`<p:AuthnRequest %s ID="%s" IssueInstant="%s" Destination="%s" AssertionConsumerServiceURL="%s"><a:Issuer>%s</a:Issuer></p:AuthnRequest>`,
		protocol, id, instant(), sp.idpSSO, sp.acs, sp.entityID)
}

func (sp *serviceProvider) logoutRequest(r response) string {
	return fmt.Sprintf(`<p:LogoutRequest %s ID="_l1" IssueInstant="%s" Destination="%s"><a:Issuer>%s</a:Issuer><a:NameID Format="%s">%s</a:NameID><p:SessionIndex>%s</p:SessionIndex></p:LogoutRequest>`,
		protocol, instant(), sp.idpSLO, sp.entityID, r.nameIDFormat, r.nameID, r.sessionIndex)
}

func (sp *serviceProvider) logoutResponse(to string) string {
	return fmt.Sprintf(`<p:LogoutResponse %s ID="_l2" InResponseTo="%s" IssueInstant="%s" Destination="%s"><a:Issuer>%s</a:Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status></p:LogoutResponse>`,
		protocol, to, instant(), sp.idpSLO, sp.entityID)
}

func instant() string { return time.Now().UTC().Format(time.RFC3339) }

func (sp *serviceProvider) endpoint(message string) (field, address string) {
	switch {
	case strings.HasPrefix(message, "<p:AuthnRequest"):
		return "SAMLRequest", sp.idpSSO
	case strings.HasPrefix(message, "<p:LogoutRequest"):
		return "SAMLRequest", sp.idpSLO
	}
	return "SAMLResponse", sp.idpSLO
}

// post signs a message for the HTTP-POST binding.
func (sp *serviceProvider) post(tb testing.TB, message string) realidp.Delivery {
	tb.Helper()
	field, address := sp.endpoint(message)
	signing := dsig.NewDefaultSigningContext(dsig.TLSCertKeyStore{PrivateKey: sp.key, Certificate: [][]byte{sp.certificate}})
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signed, err := signing.SignEnveloped(parse(tb, []byte(message)))
	if err != nil {
		tb.Fatalf("sign: %v", err)
	}
	doc := etree.NewDocumentWithRoot(signed)
	encoded, err := doc.WriteToBytes()
	if err != nil {
		tb.Fatalf("write: %v", err)
	}
	return realidp.Post(address, url.Values{field: {base64.StdEncoding.EncodeToString(encoded)}, "RelayState": {"the-state"}})
}

// redirect signs a message for the HTTP-Redirect binding (bindings, 3.4.4.1).
func (sp *serviceProvider) redirect(tb testing.TB, message string, relayState ...string) realidp.Delivery {
	tb.Helper()
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		tb.Fatalf("deflate: %v", err)
	}
	if _, err := io.WriteString(w, message); err != nil {
		tb.Fatalf("deflate: %v", err)
	}
	if err := w.Close(); err != nil {
		tb.Fatalf("deflate: %v", err)
	}
	field, address := sp.endpoint(message)
	state := strings.Join(append(relayState, "the-state")[:1], "")
	query := field + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes())) + "&RelayState=" + url.QueryEscape(state) +
		"&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, sp.key, crypto.SHA256, sum[:])
	if err != nil {
		tb.Fatalf("sign: %v", err)
	}
	return realidp.Redirect(address + "?" + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)))
}

// response is what was in one.
type response struct {
	inResponseTo, nameID, nameIDFormat, sessionIndex string
	attributes                                       map[string][]string
	responseSigned, assertionSigned                  bool
	method                                           string
	encryption                                       string
	signedBy                                         *x509.Certificate
}

type form struct {
	ResponseSigned, AssertionSigned  bool
	Method, Encryption, NameIDFormat string
}

func (r response) form() form {
	return form{r.responseSigned, r.assertionSigned, r.method, r.encryption, r.nameIDFormat}
}

// want is the form that the service provider is registered for.
func (sp *serviceProvider) want() form {
	p := sp.party
	both := p.Sign == realidp.SignBoth || p.Sign == ""
	f := form{
		ResponseSigned: both || p.Sign == realidp.SignResponse, AssertionSigned: both || p.Sign == realidp.SignAssertion,
		Encryption: string(p.Encrypt), NameIDFormat: p.NameID,
	}
	if f.NameIDFormat == "" {
		f.NameIDFormat = realidp.EmailNameID
	}
	if p.Sign != realidp.SignNothing {
		f.Method = map[realidp.Hash]string{
			"": dsig.RSASHA256SignatureMethod, realidp.SHA1: dsig.RSASHA1SignatureMethod, realidp.SHA512: dsig.RSASHA512SignatureMethod,
		}[p.Hash]
	}
	return f
}

func (sp *serviceProvider) login(tb testing.TB, browser *http.Client, login string) response {
	tb.Helper()
	d, err := sp.idp.Login(tb.Context(), browser, sp.redirect(tb, sp.authnRequest("_r1")), login)
	if err != nil {
		tb.Fatalf("Login(%q) = %v", login, err)
	}
	return sp.open(tb, d)
}

// open reads a response and verifies every signature in it by the provider's metadata.
func (sp *serviceProvider) open(tb testing.TB, d realidp.Delivery) response {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(d.Values.Get("SAMLResponse"))
	if err != nil {
		tb.Fatalf("decode response: %v", err)
	}
	root := parse(tb, raw)
	if root.Tag != "Response" || root.SelectAttrValue("Destination", "") != sp.acs {
		tb.Fatalf("message is %s for %q, want a Response for %q", root.Tag, root.SelectAttrValue("Destination", ""), sp.acs)
	}
	r := response{inResponseTo: root.SelectAttrValue("InResponseTo", ""), attributes: map[string][]string{}}
	r.responseSigned = sp.verify(tb, root, &r)
	assertion := root.SelectElement("Assertion")
	if data := root.FindElement("./EncryptedAssertion/EncryptedData"); data != nil {
		r.encryption = data.SelectElement("EncryptionMethod").SelectAttrValue("Algorithm", "")
		assertion = parse(tb, decrypt(tb, sp.key, data))
	}
	r.assertionSigned = sp.verify(tb, assertion, &r)
	nameID := assertion.FindElement("./Subject/NameID")
	r.nameID, r.nameIDFormat = nameID.Text(), nameID.SelectAttrValue("Format", "")
	r.sessionIndex = assertion.SelectElement("AuthnStatement").SelectAttrValue("SessionIndex", "")
	for _, attribute := range assertion.FindElements("./AttributeStatement/Attribute") {
		name := attribute.SelectAttrValue("Name", "")
		for _, value := range attribute.SelectElements("AttributeValue") {
			r.attributes[name] = append(r.attributes[name], value.Text())
		}
	}
	return r
}

func (sp *serviceProvider) verify(tb testing.TB, el *etree.Element, r *response) bool {
	tb.Helper()
	signature := el.SelectElement("Signature")
	if signature == nil {
		return false
	}
	namespaces, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		tb.Fatalf("namespaces: %v", err)
	}
	detached, err := etreeutils.NSDetatch(namespaces, el)
	if err != nil {
		tb.Fatalf("detach %s: %v", el.Tag, err)
	}
	store := &dsig.MemoryX509CertificateStore{Roots: sp.certificates(tb)}
	if _, err := dsig.NewDefaultValidationContext(store).Validate(detached); err != nil {
		tb.Fatalf("signature of the %s: %v", el.Tag, err)
	}
	r.method = signature.FindElement("./SignedInfo/SignatureMethod").SelectAttrValue("Algorithm", "")
	if r.signedBy, err = x509.ParseCertificate(octets(tb, signature.FindElement(".//X509Certificate"))); err != nil {
		tb.Fatalf("parse certificate: %v", err)
	}
	return true
}

// checkLogout verifies a redirect of the provider over the octets it sent, and returns the ID of the message.
func (sp *serviceProvider) checkLogout(tb testing.TB, d realidp.Delivery, want string) string {
	tb.Helper()
	if d.Method != http.MethodGet || !strings.HasPrefix(d.URL, sp.slo+"?") {
		tb.Fatalf("%s goes by %s to %q, want a redirect to %q", want, d.Method, d.URL, sp.slo)
	}
	field := "SAMLResponse"
	if want == "LogoutRequest" {
		field = "SAMLRequest"
	}
	deflated, err := base64.StdEncoding.DecodeString(d.Values.Get(field))
	if err != nil {
		tb.Fatalf("decode %s: %v", want, err)
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		tb.Fatalf("inflate %s: %v", want, err)
	}
	root := parse(tb, raw)
	if root.Tag != want {
		tb.Fatalf("message is %s, want %s", root.Tag, want)
	}
	if status := root.FindElement("./Status/StatusCode"); status != nil && !strings.HasSuffix(status.SelectAttrValue("Value", ""), ":Success") {
		tb.Errorf("status = %q, want success", status.SelectAttrValue("Value", ""))
	}
	content, encoded, _ := strings.Cut(mustURL(tb, d.URL).RawQuery, "&Signature=")
	unescaped, err := url.QueryUnescape(encoded)
	if err != nil {
		tb.Fatalf("decode signature: %v", err)
	}
	signature, err := base64.StdEncoding.DecodeString(unescaped)
	if err != nil {
		tb.Fatalf("decode signature: %v", err)
	}
	if err := sp.certificates(tb)[0].CheckSignature(x509.SHA256WithRSA, []byte(content), signature); err != nil {
		tb.Errorf("signature of the %s: %v", want, err)
	}
	return root.SelectAttrValue("ID", "")
}
