package samlforge

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/beevik/etree"
)

// envelopeScenarios are about the response around the assertion.
func envelopeScenarios() []Scenario {
	root := func(attribute string, value func(*Options) string) func(*Options, *Tools) {
		return forged(func(doc *etree.Document, o *Options) { doc.Root().CreateAttr(attribute, value(o)) })
	}
	outer := under(AssertionsSigned, refused([]Mode{SignResponse},
		row{"SAML-037", "only the response is signed", func(*Options, *Tools) {}}))
	tampered := refused([]Mode{SignResponse, SignBoth},
		row{"SAML-038-destination", "signed response, Destination changed", root("Destination", func(o *Options) string { return o.OtherACS })},
		row{"SAML-038-inresponseto", "signed response, InResponseTo changed", root("InResponseTo", func(o *Options) string { return o.OtherRequest })},
		row{"SAML-038-issueinstant", "signed response, IssueInstant changed", root("IssueInstant", func(o *Options) string {
			return stamp(o.Now.Add(time.Second))
		})},
		row{"SAML-038-id", "signed response, ID changed", root("ID", func(*Options) string { return NewID() })},
		row{"SAML-038-status", "signed error response, Status changed", func(o *Options, _ *Tools) {
			o.BeforeSign = func(doc *etree.Document) {
				at(doc, "/Response/Status/StatusCode").CreateAttr("Value", StatusAuthnFailed)
			}
			o.AfterSign = func(doc *etree.Document) { at(doc, "/Response/Status/StatusCode").CreateAttr("Value", StatusSuccess) }
		}},
	)
	loose := refused([]Mode{SignAssertion, SignThenEncrypt},
		row{"SAML-039", "unsigned response, InResponseTo of another live request", root("InResponseTo", func(o *Options) string { return o.OtherRequest })},
		row{"SAML-039-removed", "unsigned response, InResponseTo removed", forged(func(doc *etree.Document, _ *Options) {
			doc.Root().RemoveAttr("InResponseTo")
		})},
	)
	return append(append(outer, tampered...), loose...)
}

// canonicalScenarios make canonicalization fail or come out empty: "The Fragile Lock", PortSwigger 2025.
func canonicalScenarios() []Scenario {
	relative := signed(func(doc *etree.Document, _ *Options) { at(doc, "/Response/Assertion").CreateAttr("xmlns:x", "1") })
	return append(
		scenarios(Limit, allModes(), row{"SAML-040-relative", "a relative namespace URI in an honest assertion", relative}),
		refused(allModes(), row{"SAML-040-void", "a signature over nothing", func(o *Options, t *Tools) {
			relative(o, t)
			key := o.Key
			o.Subject = o.Victim
			o.Signing.Signature = func(el *etree.Element) {
				empty := sha256.Sum256(nil)
				el.FindElement(".//DigestValue").SetText(base64.StdEncoding.EncodeToString(empty[:]))
				value, err := o.Signing.filled(key).value(key, nil)
				if err != nil {
					panic(err) // the key has just signed
				}
				el.SelectElement("ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
			}
		}})...)
}

// namespaceScenarios confuse names that look alike.
func namespaceScenarios() []Scenario {
	const foreign = "urn:foreign"
	return refused(allModes(),
		row{"SAML-041-assertion", "the assertion in a foreign namespace", signed(func(doc *etree.Document, _ *Options) {
			at(doc, "/Response/Assertion").CreateAttr("xmlns:saml", foreign)
		})},
		row{"SAML-041-decoy", "an Assertion of a foreign namespace beside the right one", signed(func(doc *etree.Document, o *Options) {
			decoy := assertion(*o, NewID(), o.Victim)
			decoy.Space = "x"
			decoy.CreateAttr("xmlns:x", foreign)
			insertBefore(at(doc, "/Response/Assertion"), decoy)
		})},
		row{"SAML-041-signature", "the signature in a foreign namespace", func(o *Options, _ *Tools) {
			o.Signing.Signature = func(el *etree.Element) { el.CreateAttr("xmlns:ds", foreign) }
		}},
		row{"SAML-041-prefixed-id", "an ID attribute with a prefix beside the right one", signed(func(doc *etree.Document, _ *Options) {
			at(doc, "/Response/Assertion").CreateAttr("xmlns:x", foreign)
			at(doc, "/Response/Assertion").CreateAttr("x:ID", NewID())
		})},
		row{"SAML-041-id-case", "an Id attribute beside the ID", signed(func(doc *etree.Document, _ *Options) {
			at(doc, "/Response/Assertion").CreateAttr("Id", NewID())
		})},
		row{"SAML-042", "the ID attribute of the response twice", forged(func(doc *etree.Document, _ *Options) {
			doc.Root().Attr = append(doc.Root().Attr, etree.Attr{Key: "ID", Value: NewID()})
		})},
		row{"SAML-042-assertion", "the ID attribute of the assertion twice", forged(func(doc *etree.Document, _ *Options) {
			el := at(doc, "/Response/Assertion")
			el.Attr = append([]etree.Attr{{Key: "ID", Value: NewID()}}, el.Attr...)
		})},
	)
}
