package saml

import "github.com/beevik/etree"

// statement is what an Assertion says, before anything of it is judged.
type statement struct {
	id, version   string
	issued        moment
	issuer        issuer
	subjects      int
	nameIDs       int
	nameID        NameID
	plain         bool // the NameID is text
	confirmations []confirmation
	conditions    int // elements
	notBefore     moment
	notOnOrAfter  moment
	restrictions  [][]string // audiences, by restriction; nil for one that cannot be read
	oneTimeUse    int
	unknown       []string // conditions that nobody here knows
	authn         []authn
	attributes    []Attribute
}

// confirmation is a SubjectConfirmation with its data.
type confirmation struct {
	method       string
	data         int // elements
	recipient    string
	inResponseTo string
	answers      bool
	notBefore    moment
	notOnOrAfter moment
}

// authn is an AuthnStatement.
type authn struct {
	instant             moment
	sessionIndex        string
	sessionNotOnOrAfter moment
	class               string
}

func readStatement(a *etree.Element) statement {
	s := statement{issued: momentOf(a, "IssueInstant"), issuer: readIssuer(a)}
	s.id, _ = attribute(a, "ID")
	s.version, _ = attribute(a, "Version")
	subjects := children(a, nsAssertion, "Subject")
	if s.subjects = len(subjects); s.subjects == 1 {
		s.readSubject(subjects[0])
	}
	conditions := children(a, nsAssertion, "Conditions")
	if s.conditions = len(conditions); s.conditions == 1 {
		s.readConditions(conditions[0])
	}
	for _, el := range children(a, nsAssertion, "AuthnStatement") {
		s.authn = append(s.authn, readAuthn(el))
	}
	for _, el := range children(a, nsAssertion, "AttributeStatement") {
		for _, el := range children(el, nsAssertion, "Attribute") {
			s.attributes = append(s.attributes, readAttribute(el))
		}
	}
	return s
}

func (s *statement) readSubject(subject *etree.Element) {
	found := children(subject, nsAssertion, "NameID")
	if s.nameIDs = len(found); s.nameIDs == 1 {
		s.nameID.Value, s.plain = text(found[0])
		s.nameID.Format, _ = attribute(found[0], "Format")
		s.nameID.NameQualifier, _ = attribute(found[0], "NameQualifier")
		s.nameID.SPNameQualifier, _ = attribute(found[0], "SPNameQualifier")
	}
	for _, el := range children(subject, nsAssertion, "SubjectConfirmation") {
		c := confirmation{}
		c.method, _ = attribute(el, "Method")
		data := children(el, nsAssertion, "SubjectConfirmationData")
		if c.data = len(data); c.data == 1 {
			c.recipient, _ = attribute(data[0], "Recipient")
			c.inResponseTo, c.answers = attribute(data[0], "InResponseTo")
			c.notBefore, c.notOnOrAfter = momentOf(data[0], "NotBefore"), momentOf(data[0], "NotOnOrAfter")
		}
		s.confirmations = append(s.confirmations, c)
	}
}

func (s *statement) readConditions(conditions *etree.Element) {
	s.notBefore, s.notOnOrAfter = momentOf(conditions, "NotBefore"), momentOf(conditions, "NotOnOrAfter")
	for _, el := range conditions.ChildElements() {
		switch {
		case is(el, nsAssertion, "AudienceRestriction"):
			s.restrictions = append(s.restrictions, readAudiences(el))
		case is(el, nsAssertion, "OneTimeUse"):
			s.oneTimeUse++
		case is(el, nsAssertion, "ProxyRestriction"): // forbids what nobody here does: to vouch for the person elsewhere
		default:
			s.unknown = append(s.unknown, el.Tag)
		}
	}
}

func readAudiences(restriction *etree.Element) []string {
	var list []string
	for _, el := range restriction.ChildElements() {
		audience, ok := text(el)
		if !ok || !is(el, nsAssertion, "Audience") {
			return nil
		}
		list = append(list, trim(audience))
	}
	return list
}

func readAuthn(el *etree.Element) authn {
	a := authn{instant: momentOf(el, "AuthnInstant"), sessionNotOnOrAfter: momentOf(el, "SessionNotOnOrAfter")}
	a.sessionIndex, _ = attribute(el, "SessionIndex")
	class, _ := text(only(only(el, nsAssertion, "AuthnContext"), nsAssertion, "AuthnContextClassRef"))
	a.class = trim(class)
	return a
}

func readAttribute(el *etree.Element) Attribute {
	a := Attribute{}
	a.Name, _ = attribute(el, "Name")
	a.NameFormat, _ = attribute(el, "NameFormat")
	a.FriendlyName, _ = attribute(el, "FriendlyName")
	values := children(el, nsAssertion, "AttributeValue")
	a.Values = make([]string, 0, len(values))
	for _, el := range values {
		value, ok := text(el)
		if !ok {
			a.Structured = true
			continue
		}
		a.Values = append(a.Values, value)
	}
	return a
}
