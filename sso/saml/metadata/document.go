package metadata

import (
	"bytes"
	"encoding/xml"
	"errors"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// parseTree returns the root of a document that every reader sees alike.
func parseTree(doc []byte) (*etree.Element, error) {
	doc = withoutComments(doc)
	limits := strict.DefaultLimits()
	limits.Elements = maxElements
	_, err := strict.Check(doc, strict.EntityDescriptor, limits)
	if refused := (*strict.Error)(nil); errors.As(err, &refused) {
		if refused.Reason == strict.TooLarge {
			return nil, refuse(TooLarge, "The document is too large: "+refused.Detail+".")
		}
		return nil, refuse(Malformed, "This is not XML that can be trusted to mean one thing: "+refused.Detail+".")
	}
	if err != nil {
		return nil, refuse(Malformed, "This is not well-formed XML.")
	}
	tree, err := xmlsig.Parse(doc)
	if err != nil {
		return nil, refuse(Malformed, "This is not XML that can be trusted to mean one thing.")
	}
	return tree.Root(), nil
}

// withoutComments cuts comments out, which the metadata of some providers is full of. That changes nothing that a signature covers, since
// canonicalization leaves them out too, and nothing that is read: text goes on after a comment.
func withoutComments(doc []byte) []byte {
	if !bytes.Contains(doc, []byte("<!--")) {
		return doc
	}
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	var out []byte
	kept := int64(0)
	for {
		before := decoder.InputOffset()
		token, err := decoder.RawToken()
		if err != nil {
			// The end; or what is not well-formed stays in, to be refused.
			return append(out, doc[kept:]...)
		}
		if _, ok := token.(xml.Comment); ok {
			out = append(out, doc[kept:before]...)
			kept = decoder.InputOffset()
		}
	}
}
