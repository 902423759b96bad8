package xmlsig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

// Parse returns the tree of a document that [strict.Check] let pass, and refuses one that would come out of Go's encoder as
// another than it went in.
func Parse(doc []byte) (*etree.Document, error) {
	if err := survives(doc); err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	tree.ReadSettings.MaxDepth = strict.DefaultLimits().Depth
	tree.ReadSettings.PreserveDuplicateAttrs = true // so that nothing that was sent can hide
	if err := tree.ReadFromBytes(doc); err != nil {
		return nil, fmt.Errorf("parse document: %w", err)
	}
	if tree.Root() == nil {
		return nil, errors.New("the document has no root")
	}
	return tree, nil
}

// Decode reads base64 as the bindings send it: the standard alphabet with its padding, and line breaks anywhere. What follows the
// padding, and bits that no encoder sets, are refused.
func Decode(s string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("the value is not base64")
	}
	return data, nil
}

// decodeText is [Decode] of the text of an element, which may be indented (XML Schema, 3.2.16).
func decodeText(s string) ([]byte, error) {
	return Decode(strings.Join(strings.Fields(s), ""))
}
