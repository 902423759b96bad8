// Package saml is the service provider of SAML 2.0: web browser sign-on, and nothing else of it.
//
// A response goes one way. [ReadForm] holds the request to the POST binding. [Verifier.Verify] reads the document three times, each time
// with less trust in the one before: by tokens (package strict), by a round trip and into a tree (package xmlsig), and, once a signature
// has been checked with a certificate of the connection, as the tree that was signed. Identity is read from that last tree alone. Then a
// table of checks, with one clock, compares what is said with what was asked; a check that cannot be judged refuses. [Map] turns an
// assertion into a profile.
//
// No document, and nothing that a provider chose, is logged or part of an error; what may be shown goes to the attempt's trail.
package saml
