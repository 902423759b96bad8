// Package oidc is the relying party of OpenID Connect: the authorization code flow with PKCE, and nothing else of it.
//
// go-oidc and x/oauth2 do what they promise; around them stands what they leave to their caller. Documents and tokens are read by a
// decoder that takes exact names, refuses duplicates, and knows a size and a depth. Keys come from a key set of our own, which
// fetches rarely and uses only keys that can be meant. All requests go through internal/netguard. What a provider sends is never
// logged, and never part of an error.
package oidc
