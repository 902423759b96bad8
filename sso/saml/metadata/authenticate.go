package metadata

import (
	"fmt"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// authenticate returns the descriptor of the identity provider that is meant. If the metadata is signed with a certificate of the
// options, the descriptor comes out of what that signature covers, and the certificate's fingerprint is returned too.
func authenticate(root *etree.Element, o Options) (*etree.Element, string, error) {
	chosen, err := choose(root, o.EntityID)
	if err != nil {
		return nil, "", err
	}
	certs := o.Pins
	if len(certs) == 0 {
		certs = o.Known
	}
	if len(certs) == 0 || len(children(root, nsDSig, "Signature")) == 0 {
		if len(o.Pins) > 0 {
			return nil, "", refuse(MetadataUnsigned, "The metadata is not signed, and this connection expects it to be.")
		}
		return chosen, "", nil
	}
	verified, used, err := xmlsig.Verify(root, xmlsig.Trust{Certificates: certs, Now: o.Now})
	if err != nil && len(o.Pins) > 0 {
		return nil, "", refuse(MetadataUntrusted, fmt.Sprintf("The signature of the metadata cannot be trusted: %v.", err))
	}
	if err != nil {
		return chosen, "", nil
	}
	// From here on only what was verified is read, the choice among entities included.
	chosen, err = choose(verified, o.EntityID)
	return chosen, used.Fingerprint, err
}
