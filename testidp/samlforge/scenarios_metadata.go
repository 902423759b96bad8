package samlforge

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// MetadataScenario is a named kind of hostile or broken metadata. Its ID is that of the failure in the project's security
// catalog, with a suffix where one failure has several forms.
type MetadataScenario struct {
	ID      string
	Title   string
	Outcome Outcome
	// Pinned says that the reader was told which key signs: that of the honest options.
	Pinned bool
	// Build makes the document from the options of an honest one. Now is the time of the reader.
	Build func(o MetadataOptions, now time.Time, t *Tools) ([]byte, error)
}

// MetadataScenarios lists every named kind of hostile metadata.
func MetadataScenarios() []MetadataScenario {
	row := func(outcome Outcome, id, title string, change func(*MetadataOptions, time.Time, *Tools)) MetadataScenario {
		return MetadataScenario{ID: id, Title: title, Outcome: outcome, Build: func(o MetadataOptions, now time.Time, t *Tools) ([]byte, error) {
			change(&o, now, t)
			return Metadata(o)
		}}
	}
	edit := func(f func(*etree.Document, *Tools)) func(*MetadataOptions, time.Time, *Tools) {
		return func(o *MetadataOptions, _ time.Time, t *Tools) {
			o.BeforeSign = func(doc *etree.Document) { f(doc, t) }
		}
	}
	wire := func(f func(string) string) func(*MetadataOptions, time.Time, *Tools) {
		return func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.Wire = func(doc []byte) []byte { return []byte(f(string(doc))) }
		}
	}
	list := []MetadataScenario{
		row(Refuse, "SAML-156-deep", "ten thousand elements in each other", wire(func(doc string) string {
			return strings.Replace(doc, "</md:EntityDescriptor>", strings.Repeat("<a>", 10_000)+strings.Repeat("</a>", 10_000)+"</md:EntityDescriptor>", 1)
		})),
		row(Refuse, "SAML-156-large", "two megabytes", wire(func(doc string) string {
			return strings.Replace(doc, "</md:EntityDescriptor>", strings.Repeat(" ", 2<<20)+"</md:EntityDescriptor>", 1)
		})),
		row(Refuse, "SAML-156-doctype", "a document type", wire(func(doc string) string { return `<!DOCTYPE r [<!ENTITY x "y">]>` + doc })),
		row(Refuse, "SAML-156-empty", "an empty document", wire(func(string) string { return "" })),
		row(Refuse, "SAML-156-html", "a web page", wire(func(string) string { return "<!doctype html><html><body>Sign in</body></html>" })),
		row(Refuse, "SAML-156-sp", "metadata of a service provider", wire(func(doc string) string {
			return strings.ReplaceAll(doc, "IDPSSODescriptor", "SPSSODescriptor")
		})),
		row(Refuse, "SAML-158", "validUntil has passed", func(o *MetadataOptions, now time.Time, _ *Tools) { o.ValidUntil = now.Add(-time.Hour) }),
		row(Refuse, "SAML-160", "five thousand providers", wire(func(doc string) string { return entities(doc, 5_000) })),
		row(Refuse, "SAML-160-two", "two providers", wire(func(doc string) string { return entities(doc, 2) })),
		row(Refuse, "SAML-161-garbage", "a certificate that is none", edit(func(doc *etree.Document, _ *Tools) {
			at(doc, "//X509Certificate").SetText("AAAA")
		})),
		row(Refuse, "SAML-161-none", "no certificate", func(o *MetadataOptions, _ time.Time, _ *Tools) { o.Signing = nil }),
		row(Refuse, "SAML-161-encryption", "a certificate for encryption alone", func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.Signing, o.Encryption = nil, o.Signing
		}),
		row(Refuse, "SAML-161-weak", "a key of 1,024 bits", func(o *MetadataOptions, _ time.Time, t *Tools) {
			o.Signing = []*x509.Certificate{t.Weak.Cert}
		}),
		row(Accept, "SAML-161-unused", "a certificate without a use", edit(func(doc *etree.Document, _ *Tools) {
			at(doc, "//KeyDescriptor").RemoveAttr("use")
		})),
		row(Accept, "SAML-161-twice", "the same certificate twice", func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.Signing = append(slices.Clip(o.Signing), o.Signing...)
		}),
		row(Refuse, "SAML-164-long", "an entity id of five thousand characters", func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.EntityID += "/" + strings.Repeat("x", 5_000)
		}),
		row(Refuse, "SAML-164-control", "an entity id with a line feed", func(o *MetadataOptions, _ time.Time, _ *Tools) { o.EntityID += "\n" }),
		row(Refuse, "SAML-164-empty", "an empty entity id", func(o *MetadataOptions, _ time.Time, _ *Tools) { o.EntityID = "" }),
		row(Refuse, "SAML-161-many", "fifty certificates", func(o *MetadataOptions, now time.Time, t *Tools) {
			o.Signing = nil
			for range 50 {
				other, err := t.EC.Certify(now.Add(-time.Hour), now.Add(24*time.Hour))
				if err != nil {
					panic(err) // the key has certified itself before
				}
				o.Signing = append(o.Signing, other.Cert)
			}
		}),
	}
	for i, location := range []string{
		"javascript:alert(1)", "data:text/html,x", "http://idp.example.com/sso", "//evil.test/sso", "https://user:secret@idp.example.com/sso",
		"https://127.0.0.1/sso", "https://169.254.169.254/latest", "https://idp.example.com/sso#x", "/sso", "",
	} {
		list = append(list, row(Refuse, fmt.Sprintf("SAML-157-%d", i), "a sign-in address "+location, func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.SSO = []Endpoint{{Binding: RedirectBinding, Location: location}}
		}))
	}
	pinned := []MetadataScenario{
		row(Refuse, "SAML-159", "unsigned", func(o *MetadataOptions, _ time.Time, _ *Tools) { o.Key = nil }),
		row(Refuse, "SAML-159-key", "signed with another key", func(o *MetadataOptions, _ time.Time, t *Tools) { o.Key = t.Attacker }),
		row(Refuse, "SAML-159-changed", "changed after signing", func(o *MetadataOptions, _ time.Time, t *Tools) {
			o.AfterSign = func(doc *etree.Document) {
				replace(at(doc, "//KeyDescriptor"), keyDescriptor("signing", t.Attacker.Cert))
			}
		}),
		row(Refuse, "SAML-159-wrapped", "the signed original inside the signature of a forgery", func(o *MetadataOptions, _ time.Time, t *Tools) {
			o.AfterSign = func(doc *etree.Document) {
				original := unsigned(doc.Root())
				replace(at(doc, "/EntityDescriptor/IDPSSODescriptor/KeyDescriptor"), keyDescriptor("signing", t.Attacker.Cert))
				doc.Root().CreateAttr("ID", NewID())
				put(at(doc, "/EntityDescriptor/Signature"), put(element("ds:Object"), original))
			}
		}),
		row(Refuse, "SAML-020-metadata", "signed with SHA-1", func(o *MetadataOptions, _ time.Time, _ *Tools) {
			o.SignWith = Signing{Method: RSASHA1, Digest: SHA1}
		}),
	}
	for i := range pinned {
		pinned[i].Pinned = true
	}
	return append(list, pinned...)
}

// entities is a document about n providers, of which the first is the given one.
func entities(doc string, n int) string {
	var b strings.Builder
	b.WriteString(`<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `">` + doc)
	for i := range n - 1 {
		fmt.Fprintf(&b, `<md:EntityDescriptor entityID="https://n%d.idp.test"><md:IDPSSODescriptor protocolSupportEnumeration="%s"/></md:EntityDescriptor>`, i, nsProtocol)
	}
	b.WriteString("</md:EntitiesDescriptor>")
	return b.String()
}
