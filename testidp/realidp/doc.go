// Package realidp starts identity providers that others wrote, for tests: what only our own provider accepts is no proof.
//
// For OpenID Connect, [StartOIDCProvider] runs panva's oidc-provider from npm and [StartGlewlwyd] runs Glewlwyd from
// Debian. For SAML, [StartSimpleSAMLphp] runs SimpleSAMLphp from Debian and [StartSamlp] runs Auth0's samlp from npm. All
// start by the scripts in hack/idps, on loopback, with an issuer per tenant. The first start on a machine fetches the
// program into ~/.cache/gatehouse-idps (or GATEHOUSE_IDP_CACHE); later ones need no network. A provider that cannot be
// started fails the test and says why: it is never skipped.
//
// Everybody can sign in as alice, bob or carol, and at the OpenID Providers as mallory, whose e-mail address is not
// verified. [Provider.Login] and [SAML.Login] play the person through the provider's own pages or API.
package realidp
