package saml_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// accepted is the reason of what is not refused.
const accepted sso.Reason = ""

const (
	data   = "saml:SubjectConfirmationData"
	bearer = `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`
)

func restriction(audiences ...string) string {
	s := "<saml:AudienceRestriction>"
	for _, a := range audiences {
		s += "<saml:Audience>" + a + "</saml:Audience>"
	}
	return s + "</saml:AudienceRestriction>"
}

// TestTruthTable is what a provider may say in a document that it signed, and what comes of it.
func TestTruthTable(t *testing.T) {
	t.Parallel()
	const later = 30 * time.Minute
	unsolicited := func(e *saml.Expect) { e.InResponseTo = "" }
	fromProvider := func(e *saml.Expect) { e.InResponseTo, e.IdPInitiated = "", true }
	forced := func(e *saml.Expect) { e.ForceAuthn = true }
	strong := func(e *saml.Expect) { e.AuthnContexts = []string{samlforge.MFAContext} }
	noRequest := []edit{unset("samlp:Response", "InResponseTo"), unset(data, "InResponseTo")}

	for _, test := range []struct {
		name   string
		reason sso.Reason
		edits  []edit
		want   func(*saml.Expect)
	}{
		{"honest", accepted, nil, nil},
		{"SAML-100 no subject", sso.NameIDMissing, []edit{remove("saml:Subject")}, nil},
		{"SAML-100 two subjects", sso.NameIDMissing, []edit{add("saml:Assertion", `<saml:Subject><saml:NameID>b</saml:NameID></saml:Subject>`)}, nil},
		{"SAML-101 no conditions", sso.ConditionsInvalid, []edit{remove("saml:Conditions")}, nil},
		{"SAML-101 two conditions", sso.ConditionsInvalid, []edit{add("saml:Assertion", `<saml:Conditions>`+restriction(sp)+`</saml:Conditions>`)}, nil},
		{"SAML-102 no confirmation data", sso.ConfirmationInvalid, []edit{remove(data)}, nil},
		{"SAML-102 one of two without data", sso.ConfirmationInvalid, []edit{add("saml:Subject", bearer+`</saml:SubjectConfirmation>`)}, nil},
		{"SAML-103 no confirmation", sso.ConfirmationInvalid, []edit{remove("saml:SubjectConfirmation")}, nil},
		{"SAML-104 holder of key", sso.ConfirmationInvalid, []edit{
			set("saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
		}, nil},
		{"SAML-104 no method", sso.ConfirmationInvalid, []edit{unset("saml:SubjectConfirmation", "Method")}, nil},
		{"SAML-104 beside a bearer", accepted, []edit{
			add("saml:Subject", `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>`),
		}, nil},
		{"SAML-105", sso.RecipientMismatch, []edit{set(data, "Recipient", "https://gatehouse.test/sso/saml/con_2/acs")}, nil},
		{"SAML-105 of a second bearer", sso.RecipientMismatch, []edit{add("saml:Subject", bearer+
			`<saml:SubjectConfirmationData Recipient="https://other.test/acs" InResponseTo="_request" NotOnOrAfter="`+stamp(now.Add(time.Minute))+
			`"/></saml:SubjectConfirmation>`)}, nil},
		{"SAML-106 missing", sso.RecipientMismatch, []edit{unset(data, "Recipient")}, nil},
		{"SAML-106 prefix", sso.RecipientMismatch, []edit{set(data, "Recipient", acs+"x")}, nil},
		{"SAML-106 shorter", sso.RecipientMismatch, []edit{set(data, "Recipient", acs[:len(acs)-1])}, nil},
		{"SAML-106 case", sso.RecipientMismatch, []edit{set(data, "Recipient", "https://GATEHOUSE.test/sso/saml/con_1/acs")}, nil},
		{"SAML-106 port", sso.RecipientMismatch, []edit{set(data, "Recipient", "https://gatehouse.test:443/sso/saml/con_1/acs")}, nil},
		{"SAML-106 slash", sso.RecipientMismatch, []edit{set(data, "Recipient", acs+"/")}, nil},
		{"SAML-106 query", sso.RecipientMismatch, []edit{set(data, "Recipient", acs+"?")}, nil},
		{"SAML-107 missing", sso.DestinationMismatch, []edit{unset("samlp:Response", "Destination")}, nil},
		{"SAML-107 empty", sso.DestinationMismatch, []edit{set("samlp:Response", "Destination", "")}, nil},
		{"SAML-108", sso.DestinationMismatch, []edit{set("samlp:Response", "Destination", "/sso/saml/con_1/acs")}, nil},
		{"SAML-109", sso.ConditionsInvalid, []edit{remove("saml:AudienceRestriction")}, nil},
		{"SAML-109 empty", sso.AudienceMismatch, []edit{remove("saml:Audience")}, nil},
		{"SAML-110", sso.AudienceMismatch, []edit{write("saml:Audience", "https://other.test")}, nil},
		{"SAML-110 longer", sso.AudienceMismatch, []edit{write("saml:Audience", sp+"/")}, nil},
		{"SAML-111", sso.AudienceMismatch, []edit{add("saml:Conditions", restriction("https://other.test"))}, nil},
		{"SAML-111 foreign first", sso.AudienceMismatch, []edit{before("saml:AudienceRestriction", restriction("https://other.test"))}, nil},
		{"SAML-111 both ours", accepted, []edit{add("saml:Conditions", restriction(sp))}, nil},
		{"SAML-112 ours first", accepted, []edit{add("saml:AudienceRestriction", "<saml:Audience>https://other.test</saml:Audience>")}, nil},
		{"SAML-112 ours last", accepted, []edit{before("saml:Audience", "<saml:Audience>https://other.test</saml:Audience>")}, nil},
		{"SAML-113 white space is no part of a URI", accepted, []edit{write("saml:Audience", "\n  "+sp+"\n")}, nil},
		{"SAML-114", sso.ConditionsInvalid, []edit{add("saml:Conditions", `<saml:Condition/>`)}, nil},
		{"SAML-114 foreign", sso.ConditionsInvalid, []edit{add("saml:Conditions", `<x:Geo xmlns:x="urn:x"/>`)}, nil},
		{"SAML-114 known name, other namespace", sso.ConditionsInvalid, []edit{add("saml:Conditions", `<x:OneTimeUse xmlns:x="urn:x"/>`)}, nil},
		{"SAML-115", accepted, []edit{add("saml:Conditions", `<saml:OneTimeUse/>`), add("saml:Conditions", `<saml:ProxyRestriction Count="0"/>`)}, nil},
		{"SAML-115 twice", sso.ConditionsInvalid, []edit{add("saml:Conditions", `<saml:OneTimeUse/>`), add("saml:Conditions", `<saml:OneTimeUse/>`)}, nil},
		{"SAML-116", sso.IssuerMismatch, []edit{write("saml:Assertion/saml:Issuer", "https://idp.evil.test")}, nil},
		{"SAML-116 missing", sso.IssuerMismatch, []edit{remove("saml:Assertion/saml:Issuer")}, nil},
		{"SAML-117 missing", accepted, []edit{remove("samlp:Response/saml:Issuer")}, nil},
		{"SAML-117 different", sso.IssuerMismatch, []edit{write("samlp:Response/saml:Issuer", "https://idp.evil.test")}, nil},
		{"SAML-118 space", sso.IssuerMismatch, []edit{write("saml:Assertion/saml:Issuer", idp+" ")}, nil},
		{"SAML-118 case", sso.IssuerMismatch, []edit{write("saml:Assertion/saml:Issuer", "https://IDP.corp.test/metadata")}, nil},
		{"SAML-118 format", sso.IssuerMismatch, []edit{set("saml:Assertion/saml:Issuer", "Format", mail)}, nil},
		{"SAML-118 format entity", accepted, []edit{
			set("saml:Assertion/saml:Issuer", "Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"),
		}, nil},
		{"SAML-118 qualifier", sso.IssuerMismatch, []edit{set("saml:Assertion/saml:Issuer", "NameQualifier", "x")}, nil},
		{"SAML-119 requester", sso.ResponseStatus, []edit{set("samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")}, nil},
		{"SAML-119 version", sso.ResponseStatus, []edit{set("samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch")}, nil},
		{"SAML-119 success within a failure", sso.ResponseStatus, []edit{
			set("samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"),
			add("samlp:StatusCode", `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`),
		}, nil},
		{"SAML-119 two", sso.ResponseStatus, []edit{add("samlp:Status", `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`)}, nil},
		{"SAML-119 none", sso.ResponseStatus, []edit{remove("samlp:Status")}, nil},
		{"SAML-120", sso.AssertionMissing, []edit{remove("saml:Assertion")}, nil},
		{"SAML-121 response 1.1", sso.ResponseMalformed, []edit{set("samlp:Response", "Version", "1.1")}, nil},
		{"SAML-121 response 2.1", sso.ResponseMalformed, []edit{set("samlp:Response", "Version", "2.1")}, nil},
		{"SAML-121 assertion", sso.ResponseMalformed, []edit{set("saml:Assertion", "Version", "1.1")}, nil},
		{"SAML-121 none", sso.ResponseMalformed, []edit{unset("saml:Assertion", "Version")}, nil},
		{"SAML-122 assertion", sso.AssertionNotYetValid, []edit{set("saml:Assertion", "IssueInstant", stamp(now.AddDate(1, 0, 0)))}, nil},
		{"SAML-122 response", sso.AssertionNotYetValid, []edit{set("samlp:Response", "IssueInstant", stamp(now.AddDate(1, 0, 0)))}, nil},
		{"SAML-123 assertion", sso.AssertionExpired, []edit{set("saml:Assertion", "IssueInstant", stamp(now.Add(-10*time.Minute)))}, nil},
		{"SAML-123 response", sso.AssertionExpired, []edit{set("samlp:Response", "IssueInstant", stamp(now.Add(-10*time.Minute)))}, nil},
		{"SAML-124", sso.AssertionExpired, []edit{
			set("saml:Conditions", "NotBefore", stamp(now.Add(-later))), set("saml:Conditions", "NotOnOrAfter", stamp(now.Add(-2*time.Minute))),
		}, nil},
		{"SAML-125", sso.AssertionNotYetValid, []edit{
			set("saml:Conditions", "NotBefore", stamp(now.Add(2*time.Minute))), set("saml:Conditions", "NotOnOrAfter", stamp(now.Add(later))),
		}, nil},
		{"SAML-125 window ends before it begins", sso.AssertionTimes, []edit{set("saml:Conditions", "NotBefore", stamp(now.Add(later)))}, nil},
		{"SAML-126", sso.ConfirmationInvalid, []edit{set(data, "NotBefore", stamp(now.Add(-time.Minute)))}, nil},
		{"SAML-127", sso.ConfirmationInvalid, []edit{unset(data, "NotOnOrAfter")}, nil},
		{"SAML-130 past", sso.AssertionExpired, []edit{set("saml:AuthnStatement", "SessionNotOnOrAfter", stamp(now))}, nil},
		{"SAML-130 ahead", accepted, []edit{set("saml:AuthnStatement", "SessionNotOnOrAfter", stamp(now.Add(time.Second)))}, nil},
		{"SAML-130 malformed", sso.AssertionTimes, []edit{set("saml:AuthnStatement", "SessionNotOnOrAfter", "soon")}, nil},
		{"SAML-131", sso.StaleAuthentication, []edit{set("saml:AuthnStatement", "AuthnInstant", stamp(now.AddDate(0, 0, -3)))}, forced},
		{"SAML-131 not asked", accepted, []edit{set("saml:AuthnStatement", "AuthnInstant", stamp(now.AddDate(0, 0, -3)))}, nil},
		{"SAML-131 none", sso.AssertionTimes, []edit{unset("saml:AuthnStatement", "AuthnInstant")}, forced},
		{"SAML-131 no statement", sso.AssertionTimes, []edit{remove("saml:AuthnStatement")}, forced},
		{"SAML-132", sso.AuthnContextWeak, nil, strong},
		{"SAML-132 strong", accepted, []edit{write("saml:AuthnContextClassRef", samlforge.MFAContext)}, strong},
		{"SAML-132 none", sso.AuthnContextWeak, []edit{remove("saml:AuthnContext")}, strong},
		{"SAML-137", sso.UnsolicitedResponse, noRequest, nil},
		{"SAML-137 only the response", sso.UnsolicitedResponse, noRequest[:1], nil},
		{"SAML-137 only the confirmation", sso.UnsolicitedResponse, noRequest[1:], nil},
		{"SAML-138", sso.InResponseToMismatch, []edit{set("samlp:Response", "InResponseTo", "_other"), set(data, "InResponseTo", "_other")}, nil},
		{"SAML-138 only the response", sso.InResponseToMismatch, []edit{set("samlp:Response", "InResponseTo", "_other")}, nil},
		{"SAML-138 only the confirmation", sso.InResponseToMismatch, []edit{set(data, "InResponseTo", "_other")}, nil},
		{"SAML-139 empty", sso.InResponseToMismatch, []edit{set("samlp:Response", "InResponseTo", ""), set(data, "InResponseTo", "")}, nil},
		{"SAML-140 no request is alive", sso.InResponseToMismatch, nil, unsolicited},
		{"SAML-141", sso.UnsolicitedResponse, noRequest, unsolicited},
		{"SAML-141 switched on", accepted, noRequest, fromProvider},
		{"SAML-143", sso.InResponseToMismatch, nil, fromProvider},
		{"SAML-143 only the confirmation", sso.InResponseToMismatch, noRequest[:1], fromProvider},
		{"SAML-143 empty", sso.InResponseToMismatch, []edit{set("samlp:Response", "InResponseTo", ""), noRequest[1]}, fromProvider},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := expect(t)
			if test.want != nil {
				test.want(&want)
			}
			a, err := verify(t, build(t, edited(honest(t), test.edits...)), want)
			if got := reasonOf(err); got != test.reason {
				t.Fatalf("Verify() = %v, want %q", err, test.reason)
			}
			if test.reason == accepted && a.NameID.Value != "a1b2" {
				t.Errorf("Verify() found %q, want a1b2", a.NameID.Value)
			}
		})
	}
}

// TestSAML_117_SignedResponseNamesItsIssuer: what is signed must say whose it is.
func TestSAML_117_SignedResponseNamesItsIssuer(t *testing.T) {
	t.Parallel()
	for _, mode := range []samlforge.Mode{samlforge.SignResponse, samlforge.SignBoth, samlforge.SignThenEncrypt} {
		o := edited(honest(t), remove("samlp:Response/saml:Issuer"))
		o.Mode = mode
		if _, err := verify(t, build(t, o), expectIn(t, mode)); reasonOf(err) != sso.IssuerMismatch {
			t.Errorf("Verify() of mode %s without an issuer = %v, want %s", mode, err, sso.IssuerMismatch)
		}
	}
}
