package xmlsig

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Verify checks the enveloped signature that is a child of the element, and returns the element as it was signed, without the
// signature: a new tree, of the canonical octets and nothing else. The caller reads that tree, and never el again.
//
// The error wraps one of the errors of this package. The document must have passed [strict.Check].
func Verify(el *etree.Element, t Trust) (*etree.Element, Used, error) {
	s, err := read(el)
	if err != nil {
		return nil, Used{}, err
	}
	m, used, err := s.accept(t)
	if err != nil {
		return nil, Used{}, err
	}
	candidate, value, err := detach(el)
	if err != nil {
		return nil, Used{}, err
	}

	var verified *etree.Element
	cert, err := t.try(m, s.hint, func(cert *x509.Certificate) error {
		encoded, err := m.encoded(s.value, cert)
		if err != nil {
			return err
		}
		value.SetText(base64.StdEncoding.EncodeToString(encoded))
		verified, err = validate(candidate, cert)
		return err
	})
	if err != nil {
		return nil, Used{}, err
	}
	if !same(verified, el) {
		return nil, Used{}, fmt.Errorf("%w: the signed octets are not this element", ErrInvalid)
	}
	used.Fingerprint = Fingerprint(cert)
	return verified, used, nil
}

// detach returns a copy of the element that stands alone, with the namespaces around it declared on it, and its SignatureValue.
//
// What no signature covers is put the way goxmldsig reads it. The signature becomes the first child, since the search for it ends
// after a thousand elements; the transform takes it out again. KeyInfo is dropped, since it can only narrow what is pinned.
func detach(el *etree.Element) (candidate, value *etree.Element, err error) {
	scope, err := around(el.Parent())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	candidate, err = etreeutils.NSDetatch(scope, el)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	signature, err := one(candidate, dsig.SignatureTag)
	if err != nil {
		return nil, nil, err
	}
	value, err = one(signature, dsig.SignatureValueTag)
	if err != nil {
		return nil, nil, err
	}
	for _, info := range signature.SelectElements(dsig.KeyInfoTag) {
		signature.RemoveChild(info)
	}
	candidate.InsertChildAt(0, signature)
	return candidate, value, nil
}

// around returns the namespaces that are declared on the element and above. It begins with the empty context, which has no limit
// on the number of elements: the document has had its own.
func around(el *etree.Element) (etreeutils.NSContext, error) {
	if el == nil {
		return etreeutils.EmptyNSContext, nil
	}
	scope, err := around(el.Parent())
	if err != nil {
		return scope, err
	}
	return scope.SubContext(el)
}

// validate has goxmldsig verify the signature with one certificate. Its clock is set to a time when the certificate is valid, since
// it is for the caller to tell an expired certificate from a wrong signature.
func validate(el *etree.Element, cert *x509.Certificate) (*etree.Element, error) {
	context := dsig.ValidationContext{
		CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}},
		IdAttribute:      dsig.DefaultIdAttr,
		Clock:            dsig.NewFakeClockAt(cert.NotBefore),
	}
	return context.Validate(el)
}

// same reports whether the tree that was verified is one of the element that was asked about.
func same(verified, el *etree.Element) bool {
	return verified != nil && verified.Tag == el.Tag && verified.NamespaceURI() == el.NamespaceURI() &&
		attribute(verified, dsig.DefaultIdAttr) == attribute(el, dsig.DefaultIdAttr)
}
