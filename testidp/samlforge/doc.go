// Package samlforge builds SAML 2.0 messages as an identity provider does, and as those do who would like to be one.
//
// [Response], [LogoutRequest], [LogoutResponse] and [Metadata] are honest as long as no hook of their options is set. The
// hooks change the document before it is signed (what a hostile or broken provider can do) and after that (what anybody
// can do who holds one honest document). [Scenarios] is the catalog of named forgeries, one for each way in which a service
// provider is known to have been fooled; [Requests], [LogoutScenarios] and [MetadataScenarios] are its other parts, and
// [Mutate] makes forgeries that have no name yet.
//
// The forged part of a document names [Options.Victim]; the honest part names [Options.Subject]. So whoever signs in by a
// forgery, as either of them, has shown a mistake.
//
// Canonicalization, signing and encryption are written here again, on purpose: a verifier that shares a mistake with the
// signer would not notice it.
package samlforge
