package saml

import "github.com/beevik/etree"

// envelope is what a Response says of itself. Unless its own signature was verified, anybody may have written it: it can refuse an
// assertion, and never prove one.
type envelope struct {
	id, version  string
	issued       moment
	destination  string
	inResponseTo string
	answers      bool // InResponseTo is there
	issuer       issuer
	status       []string // codes, from the outside in
	message      string
	signed       bool
	encrypted    bool
}

// issuer is an Issuer element.
type issuer struct {
	there, plain bool
	value        string
}

// formatEntity is the one format that an Issuer may have (SAML 2.0 Profiles, section 4.1.4.2).
const formatEntity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

func readEnvelope(response *etree.Element) envelope {
	e := envelope{issued: momentOf(response, "IssueInstant"), issuer: readIssuer(response)}
	e.id, _ = attribute(response, "ID")
	e.version, _ = attribute(response, "Version")
	e.destination, _ = attribute(response, "Destination")
	e.inResponseTo, e.answers = attribute(response, "InResponseTo")
	status := only(response, nsProtocol, "Status")
	code := only(status, nsProtocol, "StatusCode")
	for ; code != nil && len(e.status) < maxStatus; code = only(code, nsProtocol, "StatusCode") {
		value, _ := attribute(code, "Value")
		e.status = append(e.status, value)
	}
	e.message, _ = text(only(status, nsProtocol, "StatusMessage"))
	return e
}

// maxStatus is deeper than any status that is used.
const maxStatus = 4

func readIssuer(of *etree.Element) issuer {
	found := children(of, nsAssertion, "Issuer")
	if len(found) == 0 {
		return issuer{}
	}
	i := issuer{there: true, plain: len(found) == 1}
	var ok bool
	if i.value, ok = text(found[0]); !ok {
		i.plain = false
	}
	for _, a := range found[0].Attr {
		switch {
		case a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns":
		case a.Space == "" && a.Key == "Format" && a.Value == formatEntity:
		default: // a qualifier, or a format by which the text means something else
			i.plain = false
		}
	}
	return i
}

// names says that the issuer is the one entity, to the letter.
func (i issuer) names(entity string) bool { return i.there && i.plain && i.value == entity }
