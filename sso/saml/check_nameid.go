package saml

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Formats of a NameID that mean something here. All others are opaque.
const (
	formatEmail  = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatEmail2 = "urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress" // which no standard has, and products send
)

// maxNameID is longer than any name of a person in use; with an entity ID it still fits an index of the database.
const maxNameID = 1024

func (a *answer) named() verdict {
	switch value := a.nameID.Value; {
	case a.subjects != 1 || a.nameIDs != 1: // also one that is encrypted
		return refused(sso.NameIDMissing, "NameID", count(a.nameIDs))
	case !a.plain || !nameable(value):
		return refused(sso.NameIDInvalid, "", value)
	default:
		return passed(value)
	}
}

// nameable refuses names that cannot be told apart by looking: control characters, marks that turn or join what is read, white space at
// an end. The name is an identity; nothing of it is put right.
func nameable(s string) bool {
	if s == "" || len(s) > maxNameID || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// lasting refuses a name that would be another one the next time, whichever version of the format's name a product sends.
func (a *answer) lasting() verdict {
	if strings.HasSuffix(strings.ToLower(a.nameID.Format), ":transient") {
		return refused(sso.NameIDTransient, "", a.nameID.Format)
	}
	return passed(a.nameID.Format)
}

// qualified refuses a name that belongs to another list of names than this provider's for us: equal names of two lists are two people.
func (a *answer) qualified() verdict {
	if sp := a.nameID.SPNameQualifier; sp != "" && sp != a.want.Audience {
		return refused(sso.NameIDQualifier, a.want.Audience, sp)
	}
	if idp := a.nameID.NameQualifier; idp != "" && idp != a.want.Issuer {
		return refused(sso.NameIDQualifier, a.want.Issuer, idp)
	}
	return passed(a.nameID.SPNameQualifier)
}

// isEmail says that a NameID is an address by its format, not by its looks.
func (n NameID) isEmail() bool { return n.Format == formatEmail || n.Format == formatEmail2 }

// Subject is the one spelling of a NameID, which an identity is known by. Products change the case of addresses from one day to the next,
// so ASCII letters of one are lowered; no other letter is, since some fold onto ASCII. Any other format is opaque, byte for byte.
func (n NameID) Subject() string {
	if !n.isEmail() {
		return n.Value
	}
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, n.Value)
}
