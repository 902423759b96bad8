package samlforge

import (
	"strings"

	"github.com/beevik/etree"
)

// textScenarios split what names a person, so that one reader sees another name than the other (CVE-2017-11427 and its
// family). What canonicalization leaves out is inserted after signing: the provider signed owner@victim.test.evil.test.
func textScenarios() []Scenario {
	const person = "/Response/Assertion/Subject/NameID"
	const value = "/Response/Assertion/AttributeStatement/Attribute/AttributeValue"
	comment := func(el *etree.Element) { el.CreateComment("") }
	after := func(path string, separate func(*etree.Element)) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) {
			o.Subject = lookalike(o.Victim)
			o.AfterSign = func(doc *etree.Document) { splitText(at(doc, path), o.Victim.NameID.Value, separate) }
		}
	}
	before := func(path, name string, separate func(*etree.Element)) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) {
			o.Subject = lookalike(o.Victim)
			o.BeforeSign = func(doc *etree.Document) { splitText(at(doc, path), name, separate) }
		}
	}
	child := func(el *etree.Element) { put(el, textual("x:y", "z", "xmlns:x", "urn:x")) }
	return append(refused(allModes(),
		row{"SAML-050", "a comment in NameID", after(person, comment)},
		row{"SAML-051", "a comment in an attribute value", after(value, comment)},
		row{"SAML-052", "a processing instruction in NameID", func(o *Options, t *Tools) {
			before(person, o.Victim.NameID.Value, func(el *etree.Element) { el.CreateProcInst("x", "y") })(o, t)
		}},
		row{"SAML-053", "CDATA in NameID", after(person, func(el *etree.Element) { el.CreateCData(".cdata") })},
		row{"SAML-053-all", "a NameID that is CDATA", forged(func(doc *etree.Document, _ *Options) {
			name := at(doc, person)
			text := name.Text()
			name.Child = nil
			name.CreateCData(text)
		})},
		row{"SAML-054", "an element in NameID", func(o *Options, t *Tools) { before(person, o.Victim.NameID.Value, child)(o, t) }},
		row{"SAML-054-attribute", "an element in an attribute value", func(o *Options, t *Tools) {
			before(value, o.Victim.NameID.Value, child)(o, t)
		}},
		row{"SAML-054-audience", "an element in Audience", signed(func(doc *etree.Document, o *Options) {
			splitText(at(doc, "/Response/Assertion/Conditions/AudienceRestriction/Audience"), o.SP, child)
		})},
		row{"SAML-054-issuer", "an element in Issuer", signed(func(doc *etree.Document, o *Options) {
			splitText(at(doc, "/Response/Assertion/Issuer"), o.IdP, child)
		})},
	), refused([]Mode{SignAssertion, SignThenEncrypt},
		row{"SAML-055", "an element name that changes when it is written again", extended(`<x::y xmlns:x="urn:x"/>`)},
		row{"SAML-055-empty", "an element with an empty prefix", extended(`<:y/>`)},
		row{"SAML-056", "an attribute name that changes when it is written again", extended(`<y ::z="" xmlns="urn:x"/>`)},
		row{"SAML-056-colon", "an attribute with two colons", extended(`<y xmlns:x="urn:x" x:y:z=""/>`)},
	)...)
}

// lookalike is a person whose name begins with that of another.
func lookalike(p Person) Person {
	p.NameID.Value += ".evil.test"
	var list []Attribute
	for _, a := range p.Attributes {
		values := make([]string, 0, len(a.Values))
		for _, v := range a.Values {
			values = append(values, v+".evil.test")
		}
		a.Values = values
		list = append(list, a)
	}
	if len(list) == 0 {
		list = []Attribute{{Name: "email", NameFormat: NameBasic, Values: []string{p.NameID.Value}}}
	}
	p.Attributes = list
	return p
}

// splitText puts something into a text, behind its beginning or else in the middle.
func splitText(el *etree.Element, beginning string, separate func(*etree.Element)) {
	text := el.Text()
	rest, found := strings.CutPrefix(text, beginning)
	if !found {
		beginning, rest = text[:len(text)/2], text[len(text)/2:]
	}
	el.Child = nil
	el.CreateText(beginning)
	separate(el)
	el.CreateText(rest)
}

// extended puts Extensions into what is sent, which is no part of a signed assertion.
func extended(content string) func(*Options, *Tools) {
	return sent(func(doc string) string {
		return strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer><samlp:Extensions>"+content+"</samlp:Extensions>", 1)
	})
}
