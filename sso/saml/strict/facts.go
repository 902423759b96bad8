package strict

import "encoding/xml"

// Facts are what [Check] saw of a document that it let pass. They are not proven: nobody has verified a signature yet.
type Facts struct {
	Root       xml.Name
	ID         string // of the root
	Assertions int    // plain and encrypted together; 0 or 1, so that the answer "not signed in" can pass
	Encrypted  bool   // the one assertion is encrypted

	ResponseSigned  bool // the root has a signature, whatever the kind of the document
	AssertionSigned bool // the assertion has one: below the root or, for [Assertion], at it
	Signatures      []Signature

	// Structured holds the names of the attributes of the assertion of which a value has elements within.
	// Their text could be read in more than one way.
	Structured []string
}

// Signature is what one signature says about itself.
type Signature struct {
	Parent          xml.Name // the element that it stands in, and that it covers
	ReferenceURI    string   // "#" and the ID of the parent
	C14N            string   // of SignedInfo
	SignatureMethod string
	DigestMethod    string
	Transforms      []string
}
