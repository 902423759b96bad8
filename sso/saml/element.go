package saml

import (
	"strings"

	"github.com/beevik/etree"
)

// Namespaces of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
)

// is compares what an element is called, not how it is written.
func is(el *etree.Element, space, tag string) bool {
	return el != nil && el.Tag == tag && el.NamespaceURI() == space
}

// children are the direct children of one name. A nil element has none.
func children(el *etree.Element, space, tag string) []*etree.Element {
	if el == nil {
		return nil
	}
	var found []*etree.Element
	for _, token := range el.Child {
		if child, ok := token.(*etree.Element); ok && is(child, space, tag) {
			found = append(found, child)
		}
	}
	return found
}

// only is the one child of a name; nil if there is none, or more than one.
func only(el *etree.Element, space, tag string) *etree.Element {
	if found := children(el, space, tag); len(found) == 1 {
		return found[0]
	}
	return nil
}

// attribute reads an attribute without a prefix. etree's own SelectAttr takes one with any prefix for it.
func attribute(el *etree.Element, name string) (string, bool) {
	if el == nil {
		return "", false
	}
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value, true
		}
	}
	return "", false
}

// text reads an element that holds text and nothing else. etree's own Text stops at the first child, where an attacker would put one.
func text(el *etree.Element) (string, bool) {
	if el == nil {
		return "", false
	}
	if len(el.Child) == 1 {
		data, ok := el.Child[0].(*etree.CharData)
		if !ok {
			return "", false
		}
		return data.Data, true
	}
	var all strings.Builder
	for _, token := range el.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", false
		}
		all.WriteString(data.Data)
	}
	return all.String(), true
}

// trim takes XML white space off. An xs:anyURI is collapsed by its schema type, so that who pretty-prints an Audience changes nothing.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
