package saml_test

import (
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const (
	idp     = "https://idp.corp.test/metadata"
	sp      = "https://gatehouse.test/sso/saml/con_1/metadata"
	acs     = "https://gatehouse.test/sso/saml/con_1/acs"
	request = "_request"

	persistent = samlforge.Persistent
	mail       = samlforge.EmailAddress
)

// now is the one time of all documents here.
var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// RSA keys take long to make under the race detector; nothing changes them.
var (
	idpKey = sync.OnceValues(newKey)
	spKey  = sync.OnceValues(newKey)
	tools  = sync.OnceValues(func() (*samlforge.Tools, error) { return samlforge.NewTools(now) })
)

func newKey() (*samlforge.Key, error) {
	return samlforge.NewKey(samlforge.RSA2048, now.Add(-time.Hour), now.Add(24*time.Hour))
}

func once[T any](tb testing.TB, f func() (T, error)) T {
	tb.Helper()
	v, err := f()
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// honest describes a response to which nobody can object.
func honest(tb testing.TB) samlforge.Options {
	tb.Helper()
	return samlforge.Options{
		IdP: idp, SP: sp, ACS: acs, InResponseTo: request, Now: now, SessionIndex: "_session", AssertionID: "_assertion", ResponseID: "_response",
		Subject: samlforge.Person{
			NameID: samlforge.NameID{Value: "a1b2", Format: persistent},
			Attributes: []samlforge.Attribute{
				{Name: "email", FriendlyName: "mail", NameFormat: samlforge.NameBasic, Values: []string{"alice@corp.test"}},
				{Name: "displayName", NameFormat: samlforge.NameBasic, Values: []string{"Alice & Co"}},
				{Name: "groups", NameFormat: samlforge.NameBasic, Values: []string{"staff", "admins"}},
			},
		},
		Key: once(tb, idpKey), Encryption: samlforge.Encryption{Cert: once(tb, spKey).Cert},
	}
}

// expect describes who takes it.
func expect(tb testing.TB) saml.Expect {
	tb.Helper()
	return saml.Expect{
		Issuer: idp, Audience: sp, ACS: acs, InResponseTo: request, Now: now, RequestedAt: now.Add(-time.Minute),
		Trust: saml.Trust{Certificates: []*x509.Certificate{once(tb, idpKey).Cert}},
	}
}

// expectIn is expect for a mode of signing, with the switches that it needs and no others.
func expectIn(tb testing.TB, m samlforge.Mode) saml.Expect {
	tb.Helper()
	want := expect(tb)
	want.Trust.AllowResponseOnly = m == samlforge.SignResponse || m == samlforge.EncryptInSigned
	if slices.Contains([]samlforge.Mode{samlforge.SignThenEncrypt, samlforge.EncryptInSigned, samlforge.EncryptInBoth}, m) {
		want.Encryption = true
		want.Keys = []*rsa.PrivateKey{once(tb, spKey).Signer.(*rsa.PrivateKey)}
	}
	return want
}

func build(tb testing.TB, o samlforge.Options) []byte {
	tb.Helper()
	doc, err := samlforge.Response(o)
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

// verifier never makes tests wait for each other.
var verifier = sync.OnceValue(func() *saml.Verifier { return saml.NewVerifier(saml.Limits{Parallel: 64, Wait: time.Minute}) })

func verify(tb testing.TB, doc []byte, want saml.Expect) (saml.Assertion, error) {
	tb.Helper()
	return verifier().Verify(tb.Context(), doc, want, nil)
}

// reasonOf is "" for no error.
func reasonOf(err error) sso.Reason {
	if err == nil {
		return ""
	}
	return sso.ReasonOf(err)
}

// edit is a change of the document before it is signed.
type edit func(*etree.Document)

// edited has the provider sign all the changes.
func edited(o samlforge.Options, all ...edit) samlforge.Options {
	o.BeforeSign = func(doc *etree.Document) {
		for _, e := range all {
			e(doc)
		}
	}
	return o
}

func find(doc *etree.Document, tag string) *etree.Element {
	if doc.Root().Space+":"+doc.Root().Tag == tag {
		return doc.Root()
	}
	return doc.FindElement("//" + tag)
}

func remove(tag string) edit {
	return func(doc *etree.Document) {
		el := find(doc, tag)
		el.Parent().RemoveChild(el)
	}
}

func set(tag, name, value string) edit {
	return func(doc *etree.Document) { find(doc, tag).CreateAttr(name, value) }
}

func unset(tag, name string) edit {
	return func(doc *etree.Document) { find(doc, tag).RemoveAttr(name) }
}

func write(tag, text string) edit {
	return func(doc *etree.Document) { find(doc, tag).SetText(text) }
}

// add puts XML at the end of an element.
func add(tag, xml string) edit {
	return func(doc *etree.Document) { find(doc, tag).AddChild(parsed(xml)) }
}

// parsed reads XML that uses the prefixes of the document that it is for.
func parsed(xml string) *etree.Element {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		panic(err)
	}
	return doc.Root()
}

// before swaps two audiences, or whatever else should come first.
func before(tag, xml string) edit {
	return func(doc *etree.Document) {
		el := find(doc, tag)
		el.Parent().InsertChildAt(el.Index(), parsed(xml))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
