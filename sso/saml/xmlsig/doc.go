// Package xmlsig proves who wrote a SAML message, and signs our own.
//
// [Parse] makes the tree of a document that package strict let pass. [Verify] has goxmldsig check the enveloped signature of one
// element with the certificates that the connection pins, and returns a tree that was built from the very octets that were digested.
// Whatever is believed about a person is read from that tree and never from the document, so nothing can stand between the two.
// [VerifyQuery] does the same for the redirect binding, where the signature is over the query as it was received.
//
// A certificate is trusted since it is pinned, not since somebody signed it. What the message says in KeyInfo chooses which pinned
// certificate is tried first, and which error an administrator reads; it is never a key.
package xmlsig
