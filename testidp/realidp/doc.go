// Package realidp starts OpenID Providers that others wrote, for tests: what only our own provider accepts is no proof.
//
// [StartOIDCProvider] runs panva's oidc-provider from npm, [StartGlewlwyd] runs Glewlwyd from Debian, both by the scripts
// in hack/idps and both on loopback with an issuer per tenant. The first start on a machine fetches the program into
// ~/.cache/gatehouse-idps (or GATEHOUSE_IDP_CACHE); later ones need no network. A provider that cannot be started fails
// the test and says why: it is never skipped.
//
// Everybody can sign in as alice, bob, carol or mallory, whose e-mail address is not verified. [Provider.Login] plays the
// person through the provider's own pages or API.
package realidp
