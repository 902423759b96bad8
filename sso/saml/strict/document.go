package strict

import "encoding/xml"

// Document is the kind of document that is expected.
type Document int

// The documents that [Check] knows. Zero is none of them, and refuses everything.
const (
	Response Document = iota + 1
	LogoutRequest
	LogoutResponse
	EntityDescriptor // metadata: EntityDescriptor or EntitiesDescriptor
	Assertion        // the plaintext of an encrypted assertion
)

// Namespaces of the elements that have rules.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsCipher    = "http://www.w3.org/2001/04/xmlenc#"
	nsExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS     = "http://www.w3.org/2000/xmlns/"
)

// rootedAt reports whether a document of this kind begins with the element.
func (d Document) rootedAt(name xml.Name) bool {
	switch d {
	case Response:
		return name == xml.Name{Space: nsProtocol, Local: "Response"}
	case LogoutRequest:
		return name == xml.Name{Space: nsProtocol, Local: "LogoutRequest"}
	case LogoutResponse:
		return name == xml.Name{Space: nsProtocol, Local: "LogoutResponse"}
	case EntityDescriptor:
		return name.Space == nsMetadata && (name.Local == "EntityDescriptor" || name.Local == "EntitiesDescriptor")
	case Assertion:
		return name == xml.Name{Space: nsAssertion, Local: "Assertion"}
	default:
		return false
	}
}
