package strict

import (
	"encoding/xml"
	"slices"
)

// Algorithms by which a reference may transform what it covers.
const (
	enveloped   = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	exclusive   = nsExclusive
	inclusive10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	inclusive11 = "http://www.w3.org/2006/12/xml-c14n11"
)

// shape is the list of children that an element of a signature has, in this order and no others. A trailing "?" marks one that may be
// missing.
type shape []string

// shapes are those of XML Signature as far as SAML uses it (SAML core, 5.4): one reference, no Object.
// KeyInfo has none, since nothing in it is believed.
var shapes = map[string]*shape{
	"Signature":              {"SignedInfo", "SignatureValue", "KeyInfo?"},
	"SignedInfo":             {"CanonicalizationMethod", "SignatureMethod", "Reference"},
	"CanonicalizationMethod": {"InclusiveNamespaces?"},
	"SignatureMethod":        {},
	"Reference":              {"Transforms", "DigestMethod", "DigestValue"},
	"Transforms":             {"Transform", "Transform?"},
	"Transform":              {"InclusiveNamespaces?"},
	"InclusiveNamespaces":    {},
	"DigestMethod":           {},
	"DigestValue":            {},
	"SignatureValue":         {},
}

// next returns the step after a child, false if the child may not come at this step.
func (s shape) next(step int, child string) (int, bool) {
	for ; step < len(s); step++ {
		if s[step] == child || s[step] == child+"?" {
			return step + 1, true
		}
		if s[step][len(s[step])-1] != '?' {
			break
		}
	}
	return step, false
}

// complete reports whether nothing is missing after the step.
func (s shape) complete(step int) bool {
	return !slices.ContainsFunc(s[step:], func(part string) bool { return part[len(part)-1] != '?' })
}

// signature lets one signature pass as a child of the root, and one as a child of the assertion.
func (r *reader) signature(parent, e *element) error {
	ofAssertion := parent.name == (xml.Name{Space: nsAssertion, Local: "Assertion"})
	if len(r.open) > 1 && !ofAssertion {
		return refuse(BadSignature, "a signature is in the element %s", parent.name.Local)
	}
	if parent.signed {
		return refuse(BadSignature, "the element %s has two signatures", parent.name.Local)
	}
	parent.signed = true
	if ofAssertion {
		r.facts.AssertionSigned = true
	}
	if len(r.open) == 1 {
		r.facts.ResponseSigned = true
	}
	e.shape = shapes["Signature"]
	r.facts.Signatures = append(r.facts.Signatures, Signature{Parent: parent.name})
	return nil
}

// within lets the parts of a signature pass and notes what they name.
func (r *reader) within(parent, e *element, attrs []xml.Attr) error {
	want := nsSignature
	if e.name.Local == "InclusiveNamespaces" {
		want = nsExclusive
	}
	step, ok := parent.shape.next(parent.step, e.name.Local)
	if !ok || e.name.Space != want {
		return refuse(BadSignature, "the element %s is in the element %s", e.name.Local, parent.name.Local)
	}
	for _, a := range attrs {
		// The libraries that read signatures differ in which of Algorithm and x:Algorithm they take.
		if a.Name.Space != "" && a.Name.Space != "xmlns" {
			return refuse(BadSignature, "the attribute %s of the element %s has a prefix", a.Name.Local, e.name.Local)
		}
	}
	parent.step = step
	e.shape = shapes[e.name.Local]

	s := &r.facts.Signatures[len(r.facts.Signatures)-1]
	algorithm := value(attrs, "Algorithm")
	switch e.name.Local {
	case "CanonicalizationMethod":
		s.C14N = algorithm
		if algorithm != exclusive && algorithm != inclusive10 && algorithm != inclusive11 {
			return refuse(BadTransform, "SignedInfo is canonicalized by %s", algorithm)
		}
	case "SignatureMethod":
		s.SignatureMethod = algorithm
	case "DigestMethod":
		s.DigestMethod = algorithm
	case "Reference":
		s.ReferenceURI = value(attrs, "URI")
		return r.reference(s.ReferenceURI)
	case "Transform":
		s.Transforms = append(s.Transforms, algorithm)
		return transform(len(s.Transforms), algorithm)
	case "InclusiveNamespaces":
		return r.prefixes(parent, s, attrs)
	}
	return nil
}

// reference refuses a signature that covers anything but the element it stands in. Open are that element, Signature and SignedInfo.
func (r *reader) reference(uri string) error {
	if id := r.open[len(r.open)-3].id; id == "" || uri != "#"+id {
		return refuse(BadSignature, "the reference %s is not to the element that the signature stands in", uri)
	}
	return nil
}

// transform lets enveloped-signature pass and then a canonicalization. The variants with comments are none of them.
func transform(position int, algorithm string) error {
	switch algorithm {
	case enveloped:
		if position == 1 {
			return nil
		}
	case exclusive, inclusive10, inclusive11:
		if position == 2 {
			return nil
		}
	}
	return refuse(BadTransform, "the transform %s", algorithm)
}

// prefixes lets the list of prefixes pass that exclusive canonicalization may be given.
func (r *reader) prefixes(parent *element, s *Signature, attrs []xml.Attr) error {
	algorithm := s.C14N
	if parent.name.Local == "Transform" {
		algorithm = s.Transforms[len(s.Transforms)-1]
	}
	if algorithm != exclusive {
		return refuse(BadTransform, "a list of prefixes for %s", algorithm)
	}
	for _, a := range attrs {
		declares := a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
		if !declares && (a.Name.Space != "" || a.Name.Local != "PrefixList") {
			return refuse(BadTransform, "the attribute %s of InclusiveNamespaces", a.Name.Local)
		}
	}
	return nil
}
