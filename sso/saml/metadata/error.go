package metadata

// Reason says why metadata or certificates were refused. It is stable.
type Reason string

// Reasons why metadata or certificates were refused.
const (
	NotMetadata         Reason = "not_metadata"   // another kind of document: a web page, a certificate, a SAML response
	ServiceProvider     Reason = "sp_metadata"    // metadata of a service provider, perhaps our own
	OIDCDiscovery       Reason = "oidc_discovery" // an OpenID Connect discovery document
	TooLarge            Reason = "too_large"      // more than 1 MiB
	Malformed           Reason = "malformed"      // not the XML that the SAML metadata schema describes
	SeveralEntities     Reason = "several_entities"
	UnknownEntity       Reason = "unknown_entity" // no provider in the document has the entity ID that was asked for
	NoIdentityProvider  Reason = "no_identity_provider"
	EntityIDInvalid     Reason = "entity_id_invalid"
	Expired             Reason = "metadata_expired"
	SignOnMissing       Reason = "sign_on_missing" // no single sign-on endpoint that takes redirects or posts
	EndpointRefused     Reason = "endpoint_refused"
	CertificateMissing  Reason = "certificate_missing"
	CertificateInvalid  Reason = "certificate_invalid"
	CertificateExpired  Reason = "certificate_expired" // every signing certificate has expired
	CertificatesTooMany Reason = "certificates_too_many"
	MetadataUnsigned    Reason = "metadata_unsigned" // a key for the metadata is pinned and the metadata is not signed
	MetadataUntrusted   Reason = "metadata_untrusted"
)

// Error is a refusal. Its text may be shown to the administrator who brought the document: what it quotes of the document is short and
// escaped.
type Error struct {
	Reason  Reason
	Detail  string
	Choices []string // entity IDs of the identity providers in the document, at most 200
}

func (e *Error) Error() string { return "metadata: " + string(e.Reason) + ": " + e.Detail }

// Is lets errors.Is find a reason: errors.Is(err, &metadata.Error{Reason: metadata.Expired}).
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Reason == e.Reason
}

func refuse(reason Reason, detail string) error { return &Error{Reason: reason, Detail: detail} }
