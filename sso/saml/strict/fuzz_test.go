package strict_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

// sighting is one element as a parser saw it: what decides about a person is in these.
type sighting struct {
	Name xml.Name
	ID   string
	Text string
}

// FuzzCheck holds two parsers together: what Check lets pass, the namespace-aware decoder of the standard library and etree read the
// same way. Where two readers agree on every name, ID and text, none can be shown another document than the other.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		build(parts{}), build(parts{envelope: signature("_r")}), build(parts{prolog: `<?xml version="1.0" encoding="UTF-8"?>`}),
		build(parts{nameID: `<saml:NameID>a&amp;b&#x41;` + "\r\n" + `</saml:NameID>`}), build(parts{values: `<saml:AttributeValue><a>b</a></saml:AttributeValue>`}),
		build(parts{extra: `<a:b xmlns:a="urn:a"><c xmlns="urn:c" a:d="e" id="f"/></a:b>`}), build(parts{attributes: ` ID="_r" ID="_x"`}),
		build(parts{prolog: `<!DOCTYPE a [<!ENTITY b "c">]>`}), build(parts{end: `<!-- -->`}), `<a:b:c/>`, `<:a/>`, `<a:/>`, "\xef\xbb\xbf<a/>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		facts, err := strict.Check(doc, strict.Response, strict.DefaultLimits())
		if err != nil {
			var e *strict.Error
			if !errors.As(err, &e) || e.Reason == "" || e.Detail == "" {
				t.Errorf("Check(%q) = %v, which is no *Error with a reason", doc, err)
			}
			return
		}
		decoded, walked := decode(t, doc), walk(t, doc)
		if diff := cmp.Diff(decoded, walked); diff != "" {
			t.Errorf("encoding/xml and etree read %q differently (-xml +etree):\n%s", doc, diff)
		}
		assertions := 0
		for _, s := range decoded {
			if s.Name.Local == "Assertion" || s.Name.Local == "EncryptedAssertion" {
				assertions++
			}
		}
		if assertions > 1 || assertions != facts.Assertions || decoded[0].ID != facts.ID {
			t.Errorf("Check(%q) = %+v, and there are %d assertions in %q", doc, facts, assertions, decoded[0].ID)
		}
	})
}

// decode reads a document with encoding/xml.
func decode(t *testing.T, doc []byte) (seen []sighting) {
	t.Helper()
	var open []int
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatalf("encoding/xml refuses %q: %v", doc, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			s := sighting{Name: token.Name}
			for _, a := range token.Attr {
				if a.Name.Space == "" && a.Name.Local == "ID" {
					s.ID = a.Value
				}
			}
			open = append(open, len(seen))
			seen = append(seen, s)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				seen[open[len(open)-1]].Text += string(token)
			}
		}
	}
}

// walk reads a document with etree.
func walk(t *testing.T, doc []byte) (seen []sighting) {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(doc); err != nil {
		t.Fatalf("etree refuses %q: %v", doc, err)
	}
	if roots := tree.ChildElements(); len(roots) != 1 {
		t.Fatalf("etree sees %d roots in %q", len(roots), doc)
	}
	var visit func(*etree.Element)
	visit = func(el *etree.Element) {
		s := sighting{Name: xml.Name{Space: el.NamespaceURI(), Local: el.Tag}, ID: el.SelectAttrValue("ID", "")}
		for _, child := range el.Child {
			if text, ok := child.(*etree.CharData); ok {
				s.Text += text.Data
			}
		}
		seen = append(seen, s)
		for _, child := range el.ChildElements() {
			visit(child)
		}
	}
	visit(tree.Root())
	return seen
}
