package strict

import "encoding/xml"

// reserved are the names that decide what a document says, with the only namespace in which they may appear: a reader that looks at
// the local name alone then sees the same.
var reserved = map[string]string{
	"Response": nsProtocol, "LogoutRequest": nsProtocol, "LogoutResponse": nsProtocol,
	"Assertion": nsAssertion, "EncryptedAssertion": nsAssertion,
	"EntityDescriptor": nsMetadata, "EntitiesDescriptor": nsMetadata,
	"Signature": nsSignature,
}

// textOnly are the elements whose text identifies somebody or proves something. An element within makes readers differ.
var textOnly = map[xml.Name]bool{
	{Space: nsAssertion, Local: "Audience"}:             true,
	{Space: nsAssertion, Local: "AuthnContextClassRef"}: true,
	{Space: nsAssertion, Local: "Issuer"}:               true,
	{Space: nsAssertion, Local: "NameID"}:               true,
	{Space: nsProtocol, Local: "SessionIndex"}:          true,
	{Space: nsProtocol, Local: "StatusMessage"}:         true,
	{Space: nsMetadata, Local: "NameIDFormat"}:          true,
	{Space: nsSignature, Local: "DigestValue"}:          true,
	{Space: nsSignature, Local: "SignatureValue"}:       true,
	{Space: nsSignature, Local: "X509Certificate"}:      true,
	{Space: nsCipher, Local: "CipherValue"}:             true,
}

// place refuses an element that may not stand where it does, and notes what it is.
func (r *reader) place(e *element, attrs []xml.Attr) error {
	if want, ok := reserved[e.name.Local]; ok && want != e.name.Space {
		return refuse(BadNamespace, "the element %s is in the namespace %s", e.name.Local, e.name.Space)
	}
	e.textOnly = textOnly[e.name]
	if len(r.open) == 0 {
		return r.root(e)
	}
	parent := r.top()
	if parent.textOnly {
		return refuse(BadContent, "the element %s has an element within", parent.name.Local)
	}
	if parent.shape != nil {
		return r.within(parent, e, attrs)
	}
	switch e.name.Local {
	case "Response", "LogoutRequest", "LogoutResponse":
		return refuse(BadRoot, "the element %s is within another", e.name.Local)
	case "EntityDescriptor", "EntitiesDescriptor":
		if parent.name != (xml.Name{Space: nsMetadata, Local: "EntitiesDescriptor"}) {
			return refuse(BadRoot, "the element %s is within another", e.name.Local)
		}
	case "Assertion", "EncryptedAssertion":
		return r.assertion(e)
	case "Signature":
		return r.signature(parent, e)
	case "Attribute":
		e.label = value(attrs, "Name")
	}
	r.structured(parent)
	return nil
}

func (r *reader) root(e *element) error {
	if r.elements > 1 {
		return refuse(BadRoot, "the element %s is after the root", e.name.Local)
	}
	if !r.what.rootedAt(e.name) {
		return refuse(BadRoot, "the root is %s", e.name.Local)
	}
	r.facts.Root, r.facts.ID = e.name, e.id
	if r.what == Assertion {
		r.facts.Assertions = 1
	}
	return nil
}

// assertion lets one assertion pass, as a child of the response.
func (r *reader) assertion(e *element) error {
	if r.what != Response || len(r.open) != 1 {
		return refuse(BadAssertions, "the element %s is not a child of a response", e.name.Local)
	}
	if r.facts.Assertions++; r.facts.Assertions > 1 {
		return refuse(BadAssertions, "the response has more than one assertion")
	}
	r.facts.Encrypted = e.name.Local == "EncryptedAssertion"
	return nil
}

// structured notes the attribute of which the value at hand has an element within.
func (r *reader) structured(parent *element) {
	if len(r.open) < 2 || parent.name != (xml.Name{Space: nsAssertion, Local: "AttributeValue"}) {
		return
	}
	label := r.open[len(r.open)-2].label
	if n := len(r.facts.Structured); n == 0 || r.facts.Structured[n-1] != label {
		r.facts.Structured = append(r.facts.Structured, label)
	}
}

// value returns the attribute that has no prefix, "" if there is none.
func value(attrs []xml.Attr, local string) string {
	for _, a := range attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}
