package saml

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlenc"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// assertion finds the one assertion and returns the element that a signature covers: its own, or the response's where the connection
// takes that alone.
func (p *proof) assertion(facts strict.Facts, tree, proven *etree.Element) (*etree.Element, error) {
	own, from := facts.AssertionSigned, tree
	if facts.Encrypted {
		var err error
		if own, from, err = p.decrypted(proven); err != nil {
			return nil, err
		}
	} else {
		from = only(from, nsAssertion, "Assertion")
	}
	switch {
	case own:
		return p.signed("assertion_signature", from)
	case !p.responseSigned, !p.want.Trust.AllowResponseOnly:
		p.trail.Fail("assertion_signature", "Signature", "")
		return nil, sso.Refuse(sso.SignatureMissing)
	}
	p.use(LegacyResponseOnly)
	if facts.Encrypted { // what the signature covers is the cipher, and nothing else could have been in it
		return from, nil
	}
	return only(proven, nsAssertion, "Assertion"), nil
}

// decrypted opens the assertion. CBC says nothing of who wrote what it encrypts and answers questions about it, so it is opened only
// where the response's signature has already shown that the provider wrote it.
func (p *proof) decrypted(response *etree.Element) (signed bool, assertion *etree.Element, err error) {
	sealed := only(response, nsAssertion, "EncryptedAssertion")
	plain, err := xmlenc.Decrypt(sealed, p.want.Keys, xmlenc.Policy{AllowCBC: p.responseSigned})
	if err != nil {
		p.trail.Fail("encryption", "", "")
		return false, nil, sso.Refuse(sso.DecryptionFailed)
	}
	facts, tree, err := p.parse(plain, strict.Assertion)
	if err != nil { // seen from outside, what is wrong inside is as wrong as the cipher
		return false, nil, sso.Refuse(sso.DecryptionFailed)
	}
	p.trail.Pass("encryption", "EncryptedAssertion")
	return facts.AssertionSigned, tree, nil
}

// signed verifies the signature of an element and returns what it covers.
func (p *proof) signed(name string, el *etree.Element) (*etree.Element, error) {
	t := p.want.Trust
	covered, used, err := xmlsig.Verify(el, xmlsig.Trust{
		Certificates: t.Certificates, AllowSHA1: t.AllowSHA1, AllowInclusiveC14N: t.AllowInclusiveC14N, Now: p.want.Now,
	})
	if err != nil {
		p.trail.Fail(name, fingerprints(t), keyOf(el))
		return nil, sso.Refuse(reasonOf(err)).Because(err)
	}
	p.trail.Pass(name, used.Fingerprint)
	p.fingerprint = used.Fingerprint
	if used.SHA1 {
		p.use(LegacySHA1)
	}
	if used.InclusiveC14N {
		p.use(LegacyInclusive)
	}
	return covered, nil
}

func reasonOf(err error) sso.Reason {
	for _, known := range []struct {
		err    error
		reason sso.Reason
	}{
		{xmlsig.ErrMissing, sso.SignatureMissing},
		{xmlsig.ErrNoTrust, sso.SignatureKeyUnknown},
		{xmlsig.ErrKeyUnknown, sso.SignatureKeyUnknown},
		{xmlsig.ErrAlgorithm, sso.SignatureAlgorithm},
		{xmlsig.ErrCertExpired, sso.IdPCertificateExpired},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return sso.SignatureInvalid
}

func (p *proof) use(legacy string) {
	if !slices.Contains(p.legacy, legacy) {
		p.legacy = append(p.legacy, legacy)
	}
}

// fingerprints shows whom a connection trusts.
func fingerprints(t Trust) string {
	list := make([]string, 0, len(t.Certificates))
	for _, c := range t.Certificates {
		list = append(list, xmlsig.Fingerprint(c))
	}
	return strings.Join(list, " ")
}

// keyOf shows which certificate a refused signature names, so that an administrator sees that the provider's has changed. It is only
// shown.
func keyOf(el *etree.Element) string {
	info := only(only(el, nsSignature, "Signature"), nsSignature, "KeyInfo")
	named, _ := text(only(only(info, nsSignature, "X509Data"), nsSignature, "X509Certificate"))
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(named), ""))
	if err != nil || len(der) == 0 {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
