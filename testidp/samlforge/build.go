package samlforge

import "github.com/beevik/etree"

// honest is the tree of a response that is neither signed nor encrypted.
func honest(o Options) *etree.Document {
	response := element("samlp:Response", "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion,
		"ID", o.ResponseID, "Version", "2.0", "IssueInstant", stamp(o.Now), "Destination", o.ACS)
	setSome(response, "InResponseTo", o.InResponseTo)
	put(response,
		textual("saml:Issuer", o.IdP),
		put(element("samlp:Status"), element("samlp:StatusCode", "Value", StatusSuccess)),
		assertion(o, o.AssertionID, o.Subject))
	doc := etree.NewDocument()
	doc.SetRoot(response)
	return doc
}

func assertion(o Options, id string, p Person) *etree.Element {
	data := element("saml:SubjectConfirmationData", "NotOnOrAfter", stamp(o.Now.Add(o.Lifetime)), "Recipient", o.ACS)
	setSome(data, "InResponseTo", o.InResponseTo)
	statement := element("saml:AuthnStatement", "AuthnInstant", stamp(o.AuthnInstant), "SessionIndex", o.SessionIndex)
	if !o.SessionNotOnOrAfter.IsZero() {
		statement.CreateAttr("SessionNotOnOrAfter", stamp(o.SessionNotOnOrAfter))
	}
	el := put(
		element("saml:Assertion", "xmlns:saml", nsAssertion, "xmlns:xs", nsSchema, "xmlns:xsi", nsInstance,
			"ID", id, "Version", "2.0", "IssueInstant", stamp(o.Now)),
		textual("saml:Issuer", o.IdP),
		put(element("saml:Subject"), nameID(p.NameID), put(element("saml:SubjectConfirmation", "Method", bearer), data)),
		put(element("saml:Conditions", "NotBefore", stamp(o.Now), "NotOnOrAfter", stamp(o.Now.Add(o.Lifetime))),
			put(element("saml:AudienceRestriction"), textual("saml:Audience", o.SP))),
		put(statement, put(element("saml:AuthnContext"), textual("saml:AuthnContextClassRef", o.AuthnContext))))
	if len(p.Attributes) > 0 {
		put(el, attributes(p.Attributes))
	}
	return el
}

func nameID(n NameID) *etree.Element {
	el := textual("saml:NameID", n.Value)
	setSome(el, "NameQualifier", n.NameQualifier)
	setSome(el, "SPNameQualifier", n.SPNameQualifier)
	setSome(el, "Format", n.Format)
	return el
}

func attributes(list []Attribute) *etree.Element {
	statement := element("saml:AttributeStatement")
	for _, a := range list {
		el := element("saml:Attribute", "Name", a.Name)
		setSome(el, "NameFormat", a.NameFormat)
		setSome(el, "FriendlyName", a.FriendlyName)
		for _, value := range a.Values {
			put(el, textual("saml:AttributeValue", value, "xsi:type", "xs:string"))
		}
		put(statement, el)
	}
	return statement
}
