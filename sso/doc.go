// Package sso brings people into tenants through identity providers.
//
// A connection is a tenant's own provider; Google is one connection of the whole installation. An attempt is one sign-in, a row
// from its first redirect on: single use, bound to a browser and to a connection. An identity is the triple (connection, issuer,
// subject): what a provider says about an e-mail address is an attribute and never finds a person. A refusal has a [Reason], which
// the attempt and the event keep.
//
// [SignIn] is the whole of it: it starts attempts, asks the protocol's [Provider] (package sso/oidc) what the answer of the
// provider proves, and decides, once for all protocols, who that is in which tenant. No transaction is open while a provider is
// asked.
package sso
