package samlforge

import "github.com/beevik/etree"

// placeScenarios are about where a signature stands, and how many there are.
func placeScenarios() []Scenario {
	move := func(to string) func(*Options, *Tools) {
		return forged(func(doc *etree.Document, _ *Options) {
			signature := signatureOf(doc, "/Response/Assertion", "/Response")
			signature.Parent().RemoveChild(signature)
			put(at(doc, to), signature)
		})
	}
	signature := func(f func(*etree.Element)) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) { o.Signing.Signature = f }
	}
	twice := func(tag string) func(*Options, *Tools) {
		return signature(func(el *etree.Element) {
			original := el.FindElement(".//" + tag)
			insertAfter(original, original.Copy())
		})
	}
	comment := func(tag string) func(*Options, *Tools) {
		return signature(func(el *etree.Element) {
			target := el.FindElement(".//" + tag)
			value := target.Text()
			target.Child = nil
			target.CreateText(value[:8])
			target.CreateComment("x")
			target.CreateText(value[8:])
		})
	}
	return refused(allModes(),
		row{"SAML-030-subject", "the signature inside Subject", move("/Response/Assertion/Subject")},
		row{"SAML-030-grandchild", "the signature inside AuthnStatement", move("/Response/Assertion/AuthnStatement")},
		row{"SAML-030-extensions", "the signature inside Extensions", forged(func(doc *etree.Document, _ *Options) {
			signature := signatureOf(doc, "/Response/Assertion", "/Response")
			signature.Parent().RemoveChild(signature)
			insertAfter(at(doc, "/Response/Issuer"), put(element("samlp:Extensions"), signature))
		})},
		row{"SAML-031-after", "a second signature, behind the right one", forged(func(doc *etree.Document, _ *Options) {
			insertAfter(lastSignature(doc), junkSignature())
		})},
		row{"SAML-031-before", "a second signature, in front of the right one", forged(func(doc *etree.Document, _ *Options) {
			insertBefore(lastSignature(doc), junkSignature())
		})},
		row{"SAML-031-copy", "the right signature twice", forged(func(doc *etree.Document, _ *Options) {
			insertAfter(lastSignature(doc), lastSignature(doc).Copy())
		})},
		row{"SAML-032-signedinfo", "SignedInfo twice", twice("SignedInfo")},
		row{"SAML-032-value", "SignatureValue twice", twice("SignatureValue")},
		row{"SAML-032-digest", "DigestValue twice, both signed", func(o *Options, _ *Tools) {
			o.Signing.SignedInfo = func(el *etree.Element) {
				digest := el.FindElement(".//DigestValue")
				insertAfter(digest, digest.Copy())
			}
		}},
		row{"SAML-033-value", "a comment in SignatureValue", comment("SignatureValue")},
		row{"SAML-033-digest", "a comment in DigestValue", comment("DigestValue")},
		row{"SAML-034", "a signed error around a forged assertion", concealedInError},
		row{"SAML-035-logout", "a signed LogoutRequest inside a forged response", reuse("samlp:LogoutRequest")},
		row{"SAML-035-metadata", "signed metadata inside a forged response", reuse("md:EntityDescriptor")},
	)
}

func lastSignature(doc *etree.Document) *etree.Element {
	return signatureOf(doc, "/Response/Assertion", "/Response")
}

func junkSignature() *etree.Element {
	return put(element("ds:Signature", "xmlns:ds", nsSignature),
		put(element("ds:SignedInfo"),
			element("ds:CanonicalizationMethod", "Algorithm", ExclusiveC14N), element("ds:SignatureMethod", "Algorithm", RSASHA256),
			put(element("ds:Reference", "URI", "#_junk"),
				put(element("ds:Transforms"), element("ds:Transform", "Algorithm", Enveloped)),
				element("ds:DigestMethod", "Algorithm", SHA256), textual("ds:DigestValue", "AAAA"))),
		textual("ds:SignatureValue", "AAAA"))
}

// concealedInError takes a response that says no, signed by the provider, and puts an assertion into its signature.
func concealedInError(o *Options, _ *Tools) {
	o.Mode = SignResponse
	o.BeforeSign = func(doc *etree.Document) {
		at(doc, "/Response/Status/StatusCode").CreateAttr("Value", StatusRequester)
		drop(doc, "/Response/Assertion")
	}
	o.AfterSign = func(doc *etree.Document) {
		put(at(doc, "/Response/Signature"), put(element("ds:Object"), assertion(*o, NewID(), o.Victim)))
	}
}

// reuse forges a response around something else that the provider has signed.
func reuse(tag string) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		key, signing := o.Key, o.Signing
		if !o.Mode.encrypts() {
			o.Mode = signNothing
		}
		o.AfterSign = func(doc *etree.Document) {
			forgeRoot(doc, o)
			other := put(element(tag, "xmlns:samlp", nsProtocol, "xmlns:md", nsMetadata, "xmlns:saml", nsAssertion,
				"ID", NewID(), "Version", "2.0", "IssueInstant", stamp(o.Now)), textual("saml:Issuer", o.IdP))
			if err := sign(other, key, signing); err != nil {
				panic(err) // the key signs honest documents too
			}
			signature := other.SelectElement("ds:Signature")
			other.RemoveChild(signature)
			put(signature, put(element("ds:Object"), other))
			at(doc, "/Response/Assertion").InsertChildAt(1, signature)
		}
	}
}
