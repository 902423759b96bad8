package samlforge

import (
	"crypto/rand"
	"crypto/x509"
	"time"

	"github.com/beevik/etree"
)

// Mode says which parts of a response are signed and which are encrypted.
type Mode string

// The modes.
const (
	SignAssertion Mode = "assertion"
	SignResponse  Mode = "response"
	SignBoth      Mode = "both"
	// SignThenEncrypt has a signed assertion, encrypted, in a response without a signature.
	SignThenEncrypt Mode = "encrypted"
	// EncryptInSigned has an assertion without a signature, encrypted, in a signed response.
	EncryptInSigned Mode = "encrypted-in-signed"
	// EncryptInBoth has a signed assertion, encrypted, in a signed response.
	EncryptInBoth Mode = "encrypted-in-both"

	signNothing Mode = "unsigned"
)

func (m Mode) signsAssertion() bool {
	return m == SignAssertion || m == SignBoth || m == SignThenEncrypt || m == EncryptInBoth
}

func (m Mode) signsResponse() bool {
	return m == SignResponse || m == SignBoth || m == EncryptInSigned || m == EncryptInBoth
}

func (m Mode) encrypts() bool {
	return m == SignThenEncrypt || m == EncryptInSigned || m == EncryptInBoth
}

// NameID names a person. An empty Format is not sent.
type NameID struct {
	Value, Format, NameQualifier, SPNameQualifier string
}

// Attribute is one statement about a person. An empty NameFormat is not sent.
type Attribute struct {
	Name, FriendlyName, NameFormat string
	Values                         []string
}

// Person is whom an assertion is about.
type Person struct {
	NameID     NameID
	Attributes []Attribute
}

// Options describe a response. IdP, SP, ACS, Now, Subject and Key are needed, and Encryption.Cert in the modes that
// encrypt.
type Options struct {
	IdP string // entity id of the issuer
	SP  string // entity id of the audience
	ACS string // destination and recipient
	// InResponseTo is the id of the request; empty is an unsolicited response.
	InResponseTo string
	Now          time.Time
	Subject      Person
	// Victim is whom the forged part names. The default is owner@victim.test.
	Victim Person

	SessionIndex string    // default: random
	AuthnInstant time.Time // default: Now
	AuthnContext string    // default: PasswordContext
	// SessionNotOnOrAfter is not sent if it is zero.
	SessionNotOnOrAfter time.Time
	Lifetime            time.Duration // default: 5 minutes

	ResponseID, AssertionID string // default: random

	Mode       Mode // default: SignAssertion
	Key        *Key
	Signing    Signing
	Encryption Encryption

	// OtherACS, OtherSP and OtherRequest are what a forgery says instead of ACS, SP and InResponseTo: those of another
	// tenant, and a request that is alive as well. They have defaults that nobody owns.
	OtherACS, OtherSP, OtherRequest string

	// BeforeSign and AfterSign change the document. AfterSign sees the assertion before it is encrypted, but not yet a
	// signature of the response around it.
	BeforeSign, AfterSign func(*etree.Document)
	// Text rewrites the text of the document, or of the assertion before it is encrypted. Wire rewrites what is sent.
	Text, Wire func([]byte) []byte
}

// Signing says how to sign. The zero value is RSA-SHA256 or ECDSA with the hash of the curve, exclusive canonicalization,
// and the certificate in KeyInfo.
type Signing struct {
	Method, Digest string
	Canonical      string // of SignedInfo
	Transform      string // the last transform of the reference; default: Canonical
	// KeyInfo is the certificate that is shown instead of that of the key; NoKeyInfo shows none.
	KeyInfo   *x509.Certificate
	NoKeyInfo bool
	// Secret is the key of an HMAC.
	Secret []byte
	// SignedInfo changes what is going to be signed, Signature the finished signature.
	SignedInfo, Signature func(*etree.Element)
}

// Encryption says how to encrypt. The zero value, with a certificate, is RSA-OAEP with SHA-1 and AES-128-GCM, as many
// providers do it.
type Encryption struct {
	Cert      *x509.Certificate
	Transport string // of the key; default: OAEPMGF1P
	Digest    string // of OAEP; default: SHA1
	MGF       string // of OAEP; default: MGF1SHA1
	Data      string // default: AES128GCM
	// Plain, Wrapped and Cipher change the text, the encrypted key, and the vector with the encrypted data.
	Plain, Wrapped, Cipher func([]byte) []byte
}

func (o Options) filled() Options {
	if o.Victim.NameID.Value == "" {
		o.Victim = Person{NameID: NameID{Value: "owner@victim.test", Format: o.Subject.NameID.Format}, Attributes: []Attribute{
			{Name: "email", NameFormat: NameBasic, Values: []string{"owner@victim.test"}},
		}}
	}
	if o.AuthnInstant.IsZero() {
		o.AuthnInstant = o.Now
	}
	if o.Lifetime == 0 {
		o.Lifetime = 5 * time.Minute
	}
	for _, field := range []struct {
		value *string
		or    string
	}{
		{&o.SessionIndex, NewID()},
		{&o.AuthnContext, PasswordContext},
		{&o.ResponseID, NewID()},
		{&o.AssertionID, NewID()},
		{(*string)(&o.Mode), string(SignAssertion)},
		{&o.OtherACS, "https://sp.other.test/acs"},
		{&o.OtherSP, "https://sp.other.test/metadata"},
		{&o.OtherRequest, NewID()},
	} {
		if *field.value == "" {
			*field.value = field.or
		}
	}
	return o
}

// NewID is random, and a name as XML wants it.
func NewID() string { return "_" + rand.Text() }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
