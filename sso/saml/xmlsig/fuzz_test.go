package xmlsig_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// FuzzVerify changes an honest document: a piece of it is cut out and another put in. Whatever comes of that is refused, or says the
// very same about the person.
func FuzzVerify(f *testing.F) {
	idp := newRSA(f)
	docs := []string{signAssertion(f, honest(1), idp), signResponse(f, honest(1), idp), signResponse(f, signAssertion(f, honest(1), idp), idp)}
	signed := canonical(f, assertionOf(f, parse(f, docs[0])))
	for i := range docs {
		f.Add(uint8(i), uint16(0), uint16(0), "")
		f.Add(uint8(i), uint16(400), uint16(3), "own")
		f.Add(uint8(i), uint16(600), uint16(0), `<saml:Assertion ID="_b"/>`)
		f.Add(uint8(i), uint16(1200), uint16(1), `<!-- -->`)
		f.Add(uint8(i), uint16(1500), uint16(8), `&#x41;`)
	}
	f.Fuzz(func(t *testing.T, which uint8, at, cut uint16, put string) {
		doc := docs[int(which)%len(docs)]
		from := int(at) % len(doc)
		to := min(from+int(cut), len(doc))
		doc = doc[:from] + put + doc[to:]

		if _, err := strict.Check([]byte(doc), strict.Response, strict.DefaultLimits()); err != nil {
			return
		}
		tree, err := xmlsig.Parse([]byte(doc))
		if err != nil {
			return
		}
		root := tree.Root()
		if response, _, err := xmlsig.Verify(root, trust(idp)); err == nil {
			if got := canonical(t, assertionOf(t, response)); got != signed {
				t.Errorf("Verify lets the response %q say %q", doc, got)
			}
		}
		if assertion := root.SelectElement("Assertion"); assertion != nil {
			if verified, _, err := xmlsig.Verify(assertion, trust(idp)); err == nil && canonical(t, verified) != signed {
				t.Errorf("Verify lets the assertion %q say %q", doc, canonical(t, verified))
			}
		}
	})
}

// canonical returns what an assertion says about a person.
func canonical(tb testing.TB, assertion *etree.Element) string {
	tb.Helper()
	says := []string{assertion.NamespaceURI(), assertion.Tag, assertion.SelectAttrValue("ID", "")}
	for _, path := range []string{"./Issuer", "./Subject/NameID", "./AttributeStatement/Attribute/AttributeValue"} {
		for _, el := range assertion.FindElements(path) {
			says = append(says, el.NamespaceURI(), el.Tag, el.Text())
		}
	}
	return strings.Join(says, "\n")
}
