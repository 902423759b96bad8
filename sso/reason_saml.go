package sso

import "github.com/seed-2a059015/gatehouse/internal/errs"

// Reasons that have to do with a SAML response. Those that both protocols know, like audience_mismatch, are listed with the others.
const (
	ResponseMalformed     Reason = "response_malformed"
	ResponseTooLarge      Reason = "response_too_large"
	ResponseStatus        Reason = "response_status"
	AssertionMissing      Reason = "assertion_missing"
	AssertionNotSingle    Reason = "assertion_not_single"
	SignatureMissing      Reason = "signature_missing"
	SignatureInvalid      Reason = "signature_invalid"
	SignatureKeyUnknown   Reason = "signature_key_unknown"
	SignatureAlgorithm    Reason = "signature_algorithm"
	IdPCertificateExpired Reason = "idp_cert_expired"
	EncryptionUnexpected  Reason = "encryption_unexpected"
	DecryptionFailed      Reason = "decryption_failed"
	DestinationMismatch   Reason = "destination_mismatch"
	RecipientMismatch     Reason = "recipient_mismatch"
	InResponseToMismatch  Reason = "in_response_to_mismatch"
	UnsolicitedResponse   Reason = "unsolicited_response"
	ConfirmationInvalid   Reason = "subject_confirmation_invalid"
	ConditionsInvalid     Reason = "conditions_invalid"
	AssertionExpired      Reason = "assertion_expired"
	AssertionNotYetValid  Reason = "assertion_not_yet_valid"
	AssertionTimes        Reason = "assertion_times"
	AssertionReplayed     Reason = "assertion_replayed"
	NameIDMissing         Reason = "nameid_missing"
	NameIDInvalid         Reason = "nameid_invalid"
	NameIDTransient       Reason = "nameid_transient"
	NameIDQualifier       Reason = "nameid_qualifier_mismatch"
	AttributesInvalid     Reason = "attributes_invalid"
	AuthnContextWeak      Reason = "authn_context_too_weak"
	ArtifactUnsupported   Reason = "artifact_unsupported"
	SSOBusy               Reason = "sso_busy"
)

var samlReasons = map[Reason]Explanation{
	ResponseMalformed:     {errs.BadRequest, restart, "The SAML response is not well-formed, or holds what no honest response needs: comments, entities, two roots, duplicate IDs."},
	ResponseTooLarge:      {errs.TooLarge, notProven, "The SAML response is larger than 1 MiB or has too many elements: send fewer groups."},
	ResponseStatus:        {errs.Forbidden, "Your identity provider did not let you in.", "The status of the SAML response is not Success: look at the provider's own log for this person."},
	AssertionMissing:      {errs.Forbidden, notProven, "The SAML response says Success and holds no assertion: let the provider's application send one."},
	AssertionNotSingle:    {errs.Forbidden, notProven, "Have the provider send one assertion, directly in the response. If it does, look for a proxy or add-on on the way that changes responses: this is also how they are forged."},
	SignatureMissing:      {errs.Forbidden, notProven, "The assertion is not signed: switch assertion signing on at the provider."},
	SignatureInvalid:      {errs.Forbidden, notProven, "What came is not what was signed: have the provider sign one assertion as a whole, and look for a proxy or add-on that changes responses after that."},
	SignatureKeyUnknown:   {errs.Forbidden, notProven, "The response was signed with a key that this connection does not trust: the provider's certificate has changed. Import its new metadata."},
	SignatureAlgorithm:    {errs.Forbidden, notProven, "The signature uses an algorithm that is not accepted: choose RSA-SHA256 or better, and exclusive canonicalization."},
	IdPCertificateExpired: {errs.Forbidden, notProven, "The provider's signing certificate has expired, or is not valid yet: have the provider sign with another one, and import its new metadata."},
	EncryptionUnexpected:  {errs.Forbidden, notProven, "The assertion is encrypted, and this connection does not expect that. Switch encryption off at the provider, or on here."},
	DecryptionFailed:      {errs.Forbidden, notProven, "The encrypted assertion cannot be used: check that the provider encrypts for this connection's certificate, with RSA-OAEP and AES-GCM."},
	DestinationMismatch:   {errs.Forbidden, notProven, "The Destination of the response is not this connection's ACS URL: enter that one at the provider, to the letter."},
	RecipientMismatch:     {errs.Forbidden, notProven, "The Recipient of the assertion is not this connection's ACS URL: enter that one at the provider, to the letter."},
	InResponseToMismatch:  {errs.Forbidden, restart, "The response answers another request than the one that this browser sent: have the person start again, in one tab."},
	UnsolicitedResponse:   {errs.Forbidden, "Start signing in here, not at your identity provider.", "The provider sent a response that nobody asked for. Sign-in that the provider starts is switched off for this connection: switch it on at its advanced settings, or give people a bookmark to your sign-in page."},
	ConfirmationInvalid:   {errs.Forbidden, notProven, "The assertion needs a bearer SubjectConfirmation with Recipient and NotOnOrAfter, and without NotBefore."},
	ConditionsInvalid:     {errs.Forbidden, notProven, "The assertion needs Conditions with an AudienceRestriction, and no condition that is not known."},
	AssertionExpired:      {errs.Forbidden, notProven, "The assertion has expired: check the clock of the provider."},
	AssertionNotYetValid:  {errs.Forbidden, notProven, "The assertion is not valid yet: check the clock of the provider."},
	AssertionTimes:        {errs.Forbidden, notProven, "A time in the assertion is missing, malformed, or not in UTC: the provider's software has to write it as 2030-01-31T12:00:00Z."},
	AssertionReplayed:     {errs.Forbidden, restart, "The assertion was used before: a reload, or a replay."},
	NameIDMissing:         {errs.Forbidden, notProven, "The assertion has no NameID: map one at the provider."},
	NameIDInvalid:         {errs.Forbidden, notProven, "The NameID is empty, too long, or has characters that cannot be shown: map another attribute to it at the provider."},
	NameIDTransient:       {errs.Forbidden, notProven, "The NameID is transient, so the person would be somebody else each time. Choose persistent or e-mail address."},
	NameIDQualifier:       {errs.Forbidden, notProven, "The SPNameQualifier of the NameID names another service provider: enter this connection's entity ID there, or leave it out."},
	AttributesInvalid:     {errs.Forbidden, notProven, "An attribute that this connection maps is given twice, or holds more than text: send it once at the provider, or map another one here."},
	AuthnContextWeak:      {errs.Forbidden, "Your identity provider did not ask for a strong enough sign-in.", "The AuthnContextClassRef is not one that this connection demands: have the provider ask for that sign-in, or demand another one here."},
	ArtifactUnsupported:   {errs.BadRequest, restart, "The provider used the artifact binding: choose HTTP-POST for the assertion consumer service."},
	SSOBusy:               {errs.Unavailable, "Many people are signing in at this moment. Try again in a minute.", "The number of responses that are checked at once is limited."},
}
