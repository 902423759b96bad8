package metadata

import (
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// Names are compared exactly, with their namespace. etree's own look-ups take a name without a prefix as one with any prefix.

func is(el *etree.Element, space, local string) bool {
	return el != nil && el.Tag == local && el.NamespaceURI() == space
}

func children(el *etree.Element, space, local string) []*etree.Element {
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if is(child, space, local) {
			found = append(found, child)
		}
	}
	return found
}

// attribute returns the attribute that has no namespace.
func attribute(el *etree.Element, name string) (string, bool) {
	for _, attr := range el.Attr {
		if attr.Space == "" && attr.Key == name {
			return attr.Value, true
		}
	}
	return "", false
}

// text returns the text of an element that may hold nothing else: a comment inside would make two readers see two texts.
func text(el *etree.Element) (string, error) {
	var b strings.Builder
	for _, token := range el.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", refuse(Malformed, fmt.Sprintf("The element %s must hold text alone.", el.Tag))
		}
		b.WriteString(data.Data)
	}
	return strings.TrimSpace(b.String()), nil
}

// boolean reads an xs:boolean that is false when missing.
func boolean(el *etree.Element, name string) (bool, error) {
	value, _ := attribute(el, name)
	switch value {
	case "true", "1":
		return true, nil
	case "false", "0", "":
		return false, nil
	}
	return false, refuse(Malformed, fmt.Sprintf("The attribute %s is neither true nor false.", name))
}
