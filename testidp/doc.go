// Package testidp is an identity provider for tests and for local development, by OpenID Connect and by SAML 2.0: it needs
// no network, no files and no passwords, and it lies on command.
//
// A [Server] is an http.Handler with one [Provider] per [Issuer], each at BaseURL/name with its own people, clients and
// keys. A provider is honest until [Provider.Misbehave] gives it a [Fault], and again after [Provider.Behave]. A Fault can
// change every answer a provider gives: discovery, key set, authorization response, token response, ID token (before and
// after signing) and userinfo, in content and in transport. [Scenarios] is the catalog of named faults, one for each way
// in which a hostile or broken provider is known to have fooled a relying party.
//
// For SAML a provider has [ServiceProvider] records in the place of clients, and its metadata at [Provider.EntityID]. What it
// says is built by package samlforge; [SAMLScenarios] are the forgeries of that package as faults.
//
// Tests without a browser play the person with [Provider.Authorize] and [Provider.RespondSAML]. [Provider.Requests] proves
// what was not called.
//
// Never serve it to anyone but yourself: whoever reaches it is whoever they say.
package testidp
