package realidp

import (
	"context"
	"fmt"
	"slices"
)

// Signed says which parts of a response a provider signs.
type Signed string

// The choices. The zero value is SignBoth.
const (
	SignBoth      Signed = "both"
	SignAssertion Signed = "assertion"
	SignResponse  Signed = "response"
	SignNothing   Signed = "none"
)

// Encryption is the algorithm that a provider encrypts assertions by; empty is none. Keys go by RSA-OAEP.
type Encryption string

// The algorithms. SimpleSAMLphp knows AES128CBC only, and samlp knows them all.
const (
	AES128CBC Encryption = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES256CBC Encryption = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	AES128GCM Encryption = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	AES256GCM Encryption = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
)

// Hash is what a provider signs with, together with RSA.
type Hash string

// The hashes. The zero value is SHA256. Only SimpleSAMLphp knows SHA512.
const (
	SHA1   Hash = "sha1"
	SHA256 Hash = "sha256"
	SHA512 Hash = "sha512"
)

// The formats of a NameID. The value is the attribute email, or is made for the pair of provider and service provider, or
// for one sign-in.
const (
	EmailNameID      = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	PersistentNameID = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	TransientNameID  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// Party is a service provider as a provider knows it.
type Party struct {
	// Metadata is its EntityDescriptor. Registering an entity ID again replaces what was there.
	Metadata []byte
	Sign     Signed
	Encrypt  Encryption
	Hash     Hash
	// NameID is the format. Empty leaves it to the metadata, and at SimpleSAMLphp to the request before that.
	NameID string
	// SignedRequests refuses AuthnRequests that none of the keys in the metadata has signed. LogoutRequests and
	// LogoutResponses must always be signed, and are. Samlp checks LogoutRequests by the first signing key only.
	SignedRequests bool
}

// Register makes a service provider known to a tenant's provider.
func (p *SAML) Register(ctx context.Context, tenant string, party Party) error {
	if !slices.Contains(p.tenants, tenant) {
		return fmt.Errorf("register at %s: no tenant %s", p.kind, tenant)
	}
	if party.Sign == "" {
		party.Sign = SignBoth
	}
	if party.Hash == "" {
		party.Hash = SHA256
	}
	register := p.registerSamlp
	if p.kind == SimpleSAMLphp {
		register = p.registerSimpleSAMLphp
	}
	if err := register(ctx, tenant, party); err != nil {
		return fmt.Errorf("register at %s: %w", p.kind, err)
	}
	return nil
}

// Person is who can sign in. Alice, bob and carol are there from the start, with uid, email, firstName, lastName and groups.
type Person struct {
	Login string
	// Attributes are what a response says of the person; uid is added where it is missing.
	Attributes map[string][]string
}

// SetPerson adds a person to a tenant's provider, or replaces one.
func (p *SAML) SetPerson(ctx context.Context, tenant string, who Person) error {
	set := p.setSamlpPerson
	if p.kind == SimpleSAMLphp {
		set = p.setSimpleSAMLphpPerson
	}
	if err := set(ctx, tenant, who); err != nil {
		return fmt.Errorf("set %s at %s: %w", who.Login, p.kind, err)
	}
	return nil
}
