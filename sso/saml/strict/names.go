package strict

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
)

// binding is a namespace declaration in scope.
type binding struct{ prefix, uri string }

// absolute is the beginning of a URI that means the same everywhere. Canonicalization fails on relative ones, or should.
var absolute = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// declare brings the namespace declarations among the attributes into scope.
func (r *reader) declare(attrs []xml.Attr) error {
	for _, a := range attrs {
		var prefix string
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
		case a.Name.Space == "" && a.Name.Local == "xmlns":
		default:
			continue
		}
		if prefix == "xml" || prefix == "xmlns" || a.Value == nsXML || a.Value == nsXMLNS {
			return refuse(BadNamespace, "a reserved prefix or namespace is declared")
		}
		if (prefix != "" || a.Value != "") && !absolute.MatchString(a.Value) {
			return refuse(BadNamespace, "the namespace of the prefix %s is not an absolute URI", prefix)
		}
		if len(r.scope) == r.limits.Attributes {
			return refuse(TooLarge, "too many namespace declarations are in scope")
		}
		r.scope = append(r.scope, binding{prefix, a.Value})
	}
	return nil
}

// resolve replaces the prefix of a name with its namespace.
func (r *reader) resolve(name xml.Name) (xml.Name, error) {
	// The decoder leaves ":a", "a:" and "a:b:c" to its caller.
	if strings.Contains(name.Local, ":") {
		return xml.Name{}, refuse(BadNamespace, "the name %s has a colon too many", name.Local)
	}
	if name.Space == "xml" {
		return xml.Name{Space: nsXML, Local: name.Local}, nil // declared everywhere
	}
	for _, b := range slices.Backward(r.scope) {
		if b.prefix == name.Space {
			return xml.Name{Space: b.uri, Local: name.Local}, nil
		}
	}
	if name.Space != "" {
		return xml.Name{}, refuse(BadNamespace, "the prefix %s is not declared", name.Space)
	}
	return name, nil
}

// attributes refuses an attribute that is given twice: in the same words, which Go lets pass, or under two prefixes of one namespace.
func (r *reader) attributes(attrs []xml.Attr) error {
	clear(r.names)
	for _, a := range attrs {
		name := a.Name
		if name.Space != "" && name.Space != "xmlns" {
			var err error
			if name, err = r.resolve(name); err != nil {
				return err
			}
		} else if strings.Contains(name.Local, ":") {
			return refuse(BadNamespace, "the name %s has a colon too many", name.Local)
		}
		if _, twice := r.names[name]; twice {
			return refuse(BadAttribute, "the attribute %s is given twice", name.Local)
		}
		r.names[name] = struct{}{}
	}
	return nil
}

// identify returns the ID of an element. SAML spells it ID and XML Signature spells it Id; anything else that could be taken for one
// by another reader is refused, and so is a value that was there before.
func (r *reader) identify(element xml.Name, attrs []xml.Attr) (string, error) {
	id, found := "", false
	for _, a := range attrs {
		if a.Name.Space == "xmlns" || !strings.EqualFold(a.Name.Local, "id") {
			continue
		}
		if found || a.Name.Space != "" || !spelled(element.Space, a.Name.Local) {
			return "", refuse(BadID, "the element %s has an ID in an unusual spelling", element.Local)
		}
		id, found = a.Value, true
	}
	if !found {
		return "", nil
	}
	if _, again := r.ids[id]; again || id == "" {
		return "", refuse(BadID, "the ID of the element %s is not unique", element.Local)
	}
	r.ids[id] = struct{}{}
	return id, nil
}

// spelled reports whether elements of the namespace spell their ID like this.
func spelled(namespace, attribute string) bool {
	switch namespace {
	case nsProtocol, nsAssertion, nsMetadata:
		return attribute == "ID"
	case nsSignature, nsCipher:
		return attribute == "Id"
	default:
		return attribute == "ID" || attribute == "Id" || attribute == "id"
	}
}
