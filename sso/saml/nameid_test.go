package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func named(tb testing.TB, n samlforge.NameID) (saml.Assertion, error) {
	tb.Helper()
	o := honest(tb)
	o.Subject.NameID = n
	return verify(tb, build(tb, o), expect(tb))
}

func TestXT_14_TransientNameID(t *testing.T) {
	t.Parallel()
	for _, format := range []string{
		samlforge.Transient, "urn:oasis:names:tc:SAML:1.1:nameid-format:transient", "urn:oasis:names:tc:SAML:2.0:nameid-format:Transient",
	} {
		if _, err := named(t, samlforge.NameID{Value: "_f00", Format: format}); reasonOf(err) != sso.NameIDTransient {
			t.Errorf("Verify() with the format %q = %v, want %s", format, err, sso.NameIDTransient)
		}
	}
}

func TestXT_15_NameIDThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	for what, value := range map[string]string{
		"empty": "", "space": " ", "lines": "\n\t ", "no-break space": "\u00a0", "5 KB": strings.Repeat("a", 5<<10),
		"1025 bytes": strings.Repeat("a", 1025), "tab": "a\tb", "line break": "a\nb", "delete": "a\u007fb", "C1": "a\u0085b",
		"right-to-left": "a\u202eb", "isolate": "a\u2066b", "mark": "a\u200fb", "zero width": "a\u200bb", "joiner": "a\u200db",
		"byte order mark": "\ufeffa", "line separator": "a\u2028b", "private use": "a\ue000b", "leading space": " a", "trailing line": "a\n",
		"replacement": "a\u00adb",
	} {
		if _, err := named(t, samlforge.NameID{Value: value, Format: persistent}); reasonOf(err) != sso.NameIDInvalid {
			t.Errorf("Verify() with a NameID of %s = %v, want %s", what, err, sso.NameIDInvalid)
		}
	}
	for _, value := range []string{"a b", "Zoë", "田中", "CN=Alice,O=Corp", `CORP\alice`, strings.Repeat("a", 1024), "a&b<c>"} {
		if a, err := named(t, samlforge.NameID{Value: value, Format: persistent}); err != nil || a.NameID.Subject() != value {
			t.Errorf("Verify() with the NameID %q = %q, %v, want it as it is", value, a.NameID.Subject(), err)
		}
	}
	for _, e := range []edit{
		remove("saml:NameID"), add("saml:Subject", "<saml:NameID>b</saml:NameID>"),
		func(doc *etree.Document) { find(doc, "saml:NameID").Tag = "BaseID" },
	} {
		if _, err := verify(t, build(t, edited(honest(t), e)), expect(t)); reasonOf(err) != sso.NameIDMissing {
			t.Errorf("Verify() without one NameID = %v, want %s", err, sso.NameIDMissing)
		}
	}
}

func TestXT_16_NameIDCase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ format, value, subject string }{
		{persistent, "Bob", "Bob"},
		{samlforge.Unspecified, "Bob", "Bob"},
		{"", "Bob@Corp.test", "Bob@Corp.test"},
		{"urn:x", "Bob", "Bob"},
		{mail, "Bob@Corp.TEST", "bob@corp.test"},
		{"urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress", "Bob@Corp.TEST", "bob@corp.test"},
		{mail, "\u212aAREN@corp.test", "\u212aaren@corp.test"}, // the Kelvin sign is no k
		{mail, "\u0130@corp.test", "\u0130@corp.test"},
	} {
		a, err := named(t, samlforge.NameID{Value: test.value, Format: test.format})
		if err != nil || a.NameID.Subject() != test.subject || a.NameID.Value != test.value {
			t.Errorf("Verify() of %q in %q = %+v, %v, want the subject %q", test.value, test.format, a.NameID, err, test.subject)
		}
	}
}

func TestXT_17_NameIDOfAnotherList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		idp, sp string
		reason  sso.Reason
	}{
		{"", "", accepted},
		{idp, sp, accepted},
		{"", sp, accepted},
		{"", "https://other.test", sso.NameIDQualifier},
		{"", sp + "/", sso.NameIDQualifier},
		{"https://idp.upstream.test", "", sso.NameIDQualifier},
		{"https://idp.upstream.test", sp, sso.NameIDQualifier},
	} {
		_, err := named(t, samlforge.NameID{Value: "a", Format: persistent, NameQualifier: test.idp, SPNameQualifier: test.sp})
		if reasonOf(err) != test.reason {
			t.Errorf("Verify() with the qualifiers %q and %q = %v, want %q", test.idp, test.sp, err, test.reason)
		}
	}
}
