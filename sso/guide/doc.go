// Package guide holds the set-up guides for the IT admins of customers: for each identity provider and protocol the steps with that
// provider's own menu entries, what goes into which of its fields, what to bring back, the attributes it sends, and its usual mistakes
// with the reason that a refused sign-in then has.
//
// A guide is data: one file in guides/, embedded and read strictly. Its texts are plain, with **bold** for what stands on the provider's
// screen, `code` for values and {{acs_url}} and the like for the values of one connection. [Text] is that in parts, so that no guide
// holds HTML and a page needs no parser. Each guide says which documentation it rests on, when that was read, and what in it was not
// checked.
//
// The package knows nothing of connections and imports nothing of this module. Reasons are the words of package sso; a test holds them
// to it.
package guide
