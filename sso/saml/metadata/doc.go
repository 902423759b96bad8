// Package metadata reads the metadata of SAML identity providers, decides what a refresh of it may change, and writes our own.
//
// Metadata says who a provider is (its entity ID), where browsers are sent (its endpoints) and whose signatures count (its signing
// certificates), so whoever can change it can sign anybody in. Parse takes what a connection needs and refuses all that is doubtful,
// with a Reason that an administrator can act on. Nothing here fetches: documents come as bytes, the time as an argument, and the
// address policy as a function.
//
// Trust in a provider is trust in single certificates, which a connection pins. No chain is built, no name is compared, and the CA flag
// means nothing: most providers sign with a self-signed certificate, many of them marked as a CA. Decide compares what is pinned with
// what a refresh found; it follows nothing that would let a hijacked metadata URL sign anybody in, or lock everybody out.
package metadata
