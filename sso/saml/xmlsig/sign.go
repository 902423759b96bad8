package xmlsig

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Sign returns a copy of the element with an enveloped signature: RSA with SHA-256, exclusive canonicalization, and the certificate
// in KeyInfo. The element needs an ID. The signature stands where the schemas of SAML want it: after the Issuer if there is one,
// else first.
func Sign(el *etree.Element, key crypto.Signer, cert *x509.Certificate) (*etree.Element, error) {
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return nil, errors.New("sign element: the key is not RSA")
	}
	if attribute(el, dsig.DefaultIdAttr) == "" {
		return nil, errors.New("sign element: it has no ID")
	}
	context, err := dsig.NewSigningContext(key, [][]byte{cert.Raw})
	if err != nil {
		return nil, fmt.Errorf("sign element: %w", err)
	}
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")

	signed := el.Copy() // goxmldsig canonicalizes in place
	signature, err := context.ConstructSignature(signed, true)
	if err != nil {
		return nil, fmt.Errorf("sign element: %w", err)
	}
	place := 0
	if first := signed.ChildElements(); len(first) > 0 && first[0].Tag == "Issuer" {
		place = first[0].Index() + 1
	}
	signed.InsertChildAt(place, signature)
	return signed, nil
}
