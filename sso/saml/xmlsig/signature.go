package xmlsig

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// signature is what a Signature element says.
type signature struct {
	method     string
	digest     string
	c14n       string
	transforms []string
	value      []byte
	hint       string // fingerprint of the certificate in KeyInfo; "" without one
}

// read returns what the signature of an element says. Package strict has refused other shapes before; what goxmldsig would choose
// from is counted here once more, so that this package is safe alone.
func read(el *etree.Element) (signature, error) {
	var s signature
	if el.SelectElement(dsig.SignatureTag) == nil {
		return s, ErrMissing
	}
	id := attribute(el, dsig.DefaultIdAttr)
	sig, err := one(el, dsig.SignatureTag)
	if err != nil {
		return s, err
	}
	info, err := one(sig, dsig.SignedInfoTag)
	if err != nil {
		return s, err
	}
	reference, err := one(info, dsig.ReferenceTag)
	if err != nil {
		return s, err
	}
	if uri := attribute(reference, dsig.URIAttr); id == "" || uri != "#"+id {
		return s, fmt.Errorf("%w: the reference is not to the element around it", ErrInvalid)
	}
	transforms, err := one(reference, dsig.TransformsTag)
	if err != nil {
		return s, err
	}
	for _, transform := range transforms.ChildElements() {
		s.transforms = append(s.transforms, attribute(transform, dsig.AlgorithmAttr))
	}
	for _, part := range []struct {
		parent *etree.Element
		tag    string
		to     *string
	}{
		{info, dsig.CanonicalizationMethodTag, &s.c14n},
		{info, dsig.SignatureMethodTag, &s.method},
		{reference, dsig.DigestMethodTag, &s.digest},
	} {
		child, err := one(part.parent, part.tag)
		if err != nil {
			return s, err
		}
		*part.to = attribute(child, dsig.AlgorithmAttr)
	}
	if _, err := one(reference, dsig.DigestValueTag); err != nil {
		return s, err
	}
	value, err := one(sig, dsig.SignatureValueTag)
	if err != nil {
		return s, err
	}
	if s.value, err = decodeText(value.Text()); err != nil || len(s.value) == 0 {
		return s, fmt.Errorf("%w: SignatureValue is not base64", ErrInvalid)
	}
	s.hint = hint(sig)
	return s, nil
}

// accept returns the signature algorithm, and refuses algorithms that the connection does not accept.
func (s signature) accept(t Trust) (method, Used, error) {
	m, err := t.method(s.method)
	if err != nil {
		return method{}, Used{}, err
	}
	if err := t.digest(s.digest); err != nil {
		return method{}, Used{}, err
	}
	if len(s.transforms) != 2 || s.transforms[0] != dsig.EnvelopedSignatureAltorithmId.String() {
		return method{}, Used{}, fmt.Errorf("%w: the transforms are not enveloped-signature and one canonicalization", ErrAlgorithm)
	}
	used := Used{Method: s.method, Digest: s.digest, SHA1: m.sha1 || s.digest == digestSHA1}
	for _, uri := range []string{s.c14n, s.transforms[1]} {
		inclusive, err := t.canonicalization(uri)
		if err != nil {
			return method{}, Used{}, err
		}
		used.InclusiveC14N = used.InclusiveC14N || inclusive
	}
	return m, used, nil
}

// one returns the only child of the name, in whatever namespace, and refuses it in another than that of XML Signature.
func one(parent *etree.Element, tag string) (*etree.Element, error) {
	children := parent.SelectElements(tag)
	if len(children) != 1 || children[0].NamespaceURI() != dsig.Namespace {
		return nil, fmt.Errorf("%w: %s is not there exactly once", ErrInvalid, tag)
	}
	return children[0], nil
}

// attribute returns an attribute, and "" for one that is there under a prefix too: etree would choose the first, and goxmldsig the last.
func attribute(el *etree.Element, key string) string {
	value, found := "", false
	for _, a := range el.Attr {
		if a.Key != key {
			continue
		}
		if found || a.Space != "" {
			return ""
		}
		value, found = a.Value, true
	}
	return value
}

// hint returns the fingerprint of the first certificate in KeyInfo. It is not parsed: nothing in it is believed.
func hint(sig *etree.Element) string {
	for _, tag := range []string{dsig.KeyInfoTag, dsig.X509DataTag, dsig.X509CertificateTag} {
		if sig = sig.SelectElement(tag); sig == nil {
			return ""
		}
	}
	der, err := decodeText(sig.Text())
	if err != nil || len(der) == 0 {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
