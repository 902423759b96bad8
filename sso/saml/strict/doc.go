// Package strict refuses XML that no honest SAML peer sends, before anything builds a tree of it or looks at a signature.
//
// [Check] reads a document once, token by token, and keeps nothing but the names of the elements that are open. What it lets pass is
// UTF-8 with one root, without comments, processing instructions, CDATA, DOCTYPE or entities of its own; small in every direction;
// with each attribute once, each prefix declared and each ID unique. Assertions and signatures stand where SAML puts them, at most
// once, and a signature covers exactly the element that it stands in. So two parsers cannot see two documents in it, and there is no
// second assertion to confuse with the signed one.
//
// [Facts] tell what was seen and needs a decision: above all the algorithms that a signature names. Nothing here is a proof; that is
// for package xmlsig.
package strict
