package strict

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// Check reads the document once and refuses it with an [*Error] unless it is of the kind, within the limits, and shaped as the
// comment of the package says. Its cost grows with the length of the document only.
func Check(doc []byte, what Document, l Limits) (Facts, error) {
	if len(doc) > l.Bytes {
		return Facts{}, refuse(TooLarge, "the document has too many bytes")
	}
	rest, err := body(doc)
	if err != nil {
		return Facts{}, err
	}
	r := reader{what: what, limits: l, ids: map[string]struct{}{}, names: map[xml.Name]struct{}{}}
	if err := r.read(rest); err != nil {
		return Facts{}, err
	}
	return r.facts, nil
}

// reader holds what is open at one point of the document.
type reader struct {
	what     Document
	limits   Limits
	open     []element
	scope    []binding
	ids      map[string]struct{}
	elements int
	names    map[xml.Name]struct{} // of the attributes of the element at hand; kept for its memory
	facts    Facts
}

// element is one that is open.
type element struct {
	name     xml.Name // resolved
	raw      xml.Name // with the prefix instead of the namespace
	bindings int      // in scope around the element
	id       string
	textOnly bool
	signed   bool   // has a Signature
	shape    *shape // nil where any children may be
	step     int    // how many parts of the shape have been
	label    string // Name of an Attribute
}

func (r *reader) read(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return r.finish()
		}
		if err != nil {
			// Not the decoder's own words: they quote the document.
			return refuse(BadSyntax, "the document is not well-formed")
		}
		if err := r.take(token); err != nil {
			return err
		}
	}
}

func (r *reader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		return r.end(t.Name)
	case xml.CharData:
		return r.text(t)
	default:
		return refuse(BadMarkup, "a comment, directive or processing instruction")
	}
}

func (r *reader) finish() error {
	if len(r.open) > 0 {
		return refuse(BadSyntax, "the element %s is not closed", r.top().name.Local)
	}
	if r.elements == 0 {
		return refuse(BadRoot, "the document has no element")
	}
	return nil
}

func (r *reader) top() *element { return &r.open[len(r.open)-1] }

// start opens an element: first what XML demands of any, then what SAML demands of this one.
func (r *reader) start(t xml.StartElement) error {
	if r.elements++; r.elements > r.limits.Elements {
		return refuse(TooLarge, "the document has too many elements")
	}
	if len(r.open) == r.limits.Depth {
		return refuse(TooLarge, "elements are nested too deep")
	}
	if len(t.Attr) > r.limits.Attributes {
		return refuse(TooLarge, "the element %s has too many attributes", t.Name.Local)
	}
	e := element{raw: t.Name, bindings: len(r.scope)}
	if err := r.declare(t.Attr); err != nil {
		return err
	}
	var err error
	if e.name, err = r.resolve(t.Name); err != nil {
		return err
	}
	if e.name.Space == nsXML {
		return refuse(BadNamespace, "the element %s has the prefix xml", e.name.Local)
	}
	if err := r.attributes(t.Attr); err != nil {
		return err
	}
	if e.id, err = r.identify(e.name, t.Attr); err != nil {
		return err
	}
	if err := r.place(&e, t.Attr); err != nil {
		return err
	}
	r.open = append(r.open, e)
	return nil
}

// end closes an element. RawToken leaves it to its caller to see that it is the one that was opened.
func (r *reader) end(raw xml.Name) error {
	if len(r.open) == 0 || r.top().raw != raw {
		return refuse(BadSyntax, "the end of %s closes another element", raw.Local)
	}
	e := r.top()
	if e.shape != nil && !e.shape.complete(e.step) {
		return refuse(BadSignature, "the element %s is incomplete", e.name.Local)
	}
	r.scope = r.scope[:e.bindings]
	r.open = r.open[:len(r.open)-1]
	return nil
}

func (r *reader) text(data []byte) error {
	if len(r.open) > 0 && (r.top().shape == nil || r.top().textOnly) {
		return nil
	}
	for _, b := range data {
		if b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			if len(r.open) == 0 {
				return refuse(BadRoot, "text outside of the root")
			}
			return refuse(BadSignature, "text between the elements of a signature")
		}
	}
	return nil
}
