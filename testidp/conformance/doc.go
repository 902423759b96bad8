// Package conformance plays every named attack of testidp and samlforge against a running relying party, over HTTP as a browser would, and
// says what came of each.
//
// The relying party is an [Installation], which makes throw-away tenants; everything else goes through its public API and its sign-in
// pages. [Run] signs honest people in as often as it takes to know that a refusal means something, and [Report] is what a security
// questionnaire asks for. One rule judges every attack: it is refused with a client error, nobody has a session by it, and no row has
// changed.
package conformance
