package samlforge

// Namespaces.
const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	nsEncrypt11  = "http://www.w3.org/2009/xmlenc11#"
	nsSchema     = "http://www.w3.org/2001/XMLSchema"
	nsInstance   = "http://www.w3.org/2001/XMLSchema-instance"
)

// Signature methods.
const (
	RSASHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	RSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	ECDSASHA1   = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
	ECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
	HMACSHA1    = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
	HMACSHA256  = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
)

// Digest methods.
const (
	SHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// Canonicalization methods and the one transform that every SAML signature has.
const (
	ExclusiveC14N         = "http://www.w3.org/2001/10/xml-exc-c14n#"
	ExclusiveWithComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
	InclusiveC14N         = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	InclusiveWithComments = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
	InclusiveC14N11       = "http://www.w3.org/2006/12/xml-c14n11"
	Enveloped             = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// Encryption algorithms, of keys and of data.
const (
	OAEPMGF1P  = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	OAEP       = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	RSA15      = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	MGF1SHA1   = "http://www.w3.org/2009/xmlenc11#mgf1sha1"
	MGF1SHA256 = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
	AES128GCM  = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	AES256GCM  = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128CBC  = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES256CBC  = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	TripleDES  = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
)

// Formats of a NameID.
const (
	Persistent   = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	Transient    = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	EmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	Unspecified  = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// Formats of the name of an attribute.
const (
	NameBasic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	NameURI   = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
)

// Bindings.
const (
	RedirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	PostBinding     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// Classes of authentication contexts.
const (
	PasswordContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	TLSContext      = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient"
	// MFAContext is the REFEDS profile of multi-factor authentication.
	MFAContext = "https://refeds.org/profile/mfa"
)

// Status codes.
const (
	StatusSuccess       = "urn:oasis:names:tc:SAML:2.0:status:Success"
	StatusRequester     = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	StatusResponder     = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	StatusAuthnFailed   = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	StatusNoPassive     = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
	StatusInvalidNameID = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
	StatusDenied        = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
)

const (
	bearer        = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	holderOfKey   = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
	senderVouches = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"

	formatEntity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
	typeElement  = "http://www.w3.org/2001/04/xmlenc#Element"
)
