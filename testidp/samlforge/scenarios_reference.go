package samlforge

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"

	"github.com/beevik/etree"
)

// referenceScenarios are about what SignedInfo says. All these signatures are made with the right key.
func referenceScenarios() []Scenario {
	info := func(f func(*etree.Element)) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) { o.Signing.SignedInfo = f }
	}
	reference := func(f func(*etree.Element)) func(*Options, *Tools) {
		return info(func(el *etree.Element) { f(el.SelectElement("ds:Reference")) })
	}
	transform := func(algorithm string, children ...*etree.Element) func(*Options, *Tools) {
		return reference(func(el *etree.Element) {
			extra := element("ds:Transform", "Algorithm", algorithm)
			for _, child := range children {
				put(extra, child.Copy())
			}
			el.SelectElement("ds:Transforms").InsertChildAt(1, extra)
		})
	}
	uri := func(value string) func(*Options, *Tools) {
		return reference(func(el *etree.Element) { el.CreateAttr("URI", value) })
	}
	garbage := func() *etree.Element {
		return put(element("ds:Reference", "URI", "#_elsewhere"),
			put(element("ds:Transforms"), element("ds:Transform", "Algorithm", ExclusiveC14N)),
			element("ds:DigestMethod", "Algorithm", SHA256),
			textual("ds:DigestValue", base64.StdEncoding.EncodeToString(make([]byte, 32))))
	}
	return refused(allModes(),
		row{"SAML-023-xslt", "an XSLT transform", transform("http://www.w3.org/TR/1999/REC-xslt-19991116",
			element("xsl:stylesheet", "xmlns:xsl", "http://www.w3.org/1999/XSL/Transform", "version", "1.0"))},
		row{"SAML-023-xpath", "an XPath transform", transform("http://www.w3.org/TR/1999/REC-xpath-19991116",
			textual("ds:XPath", "not(ancestor-or-self::ds:Signature)"))},
		row{"SAML-023-xpath2", "an XPath filter 2 transform", transform("http://www.w3.org/2002/06/xmldsig-filter2",
			textual("dsx:XPath", "/", "xmlns:dsx", "http://www.w3.org/2002/06/xmldsig-filter2", "Filter", "intersect"))},
		row{"SAML-023-base64", "a base64 transform", transform("http://www.w3.org/2000/09/xmldsig#base64")},
		row{"SAML-026", "no transforms", reference(func(el *etree.Element) { el.RemoveChild(el.SelectElement("ds:Transforms")) })},
		row{"SAML-026-unenveloped", "no enveloped-signature transform", reference(func(el *etree.Element) {
			el.SelectElement("ds:Transforms").RemoveChildAt(0)
		})},
		row{"SAML-027", "a second reference, to nothing", info(func(el *etree.Element) { put(el, garbage()) })},
		row{"SAML-027-first", "a reference to nothing before the right one", info(func(el *etree.Element) {
			insertBefore(el.SelectElement("ds:Reference"), garbage())
		})},
		row{"SAML-027-none", "no reference at all", info(func(el *etree.Element) { el.RemoveChild(el.SelectElement("ds:Reference")) })},
		row{"SAML-028-empty", "an empty URI", uri("")},
		row{"SAML-028-missing", "no URI", reference(func(el *etree.Element) { el.RemoveAttr("URI") })},
		row{"SAML-028-xpointer", "an XPointer to the root", uri("#xpointer(/)")},
		row{"SAML-028-external", "a URI on the network", func(o *Options, t *Tools) { uri(t.Canary)(o, t) }},
		row{"SAML-029-status", "a signature of the Status, put on the assertion", func(o *Options, _ *Tools) { signOther(o, "/Response/Status") }},
		row{"SAML-029-extensions", "a signature of an extension, put on the assertion", func(o *Options, _ *Tools) {
			signOther(o, "/Response/Extensions/Thing")
		}},
	)
}

// signOther signs an element beside the assertion and uses its signature for an assertion about the victim.
func signOther(o *Options, path string) {
	honest := *o
	if !o.Mode.encrypts() {
		o.Mode = signNothing
	}
	o.AfterSign = func(doc *etree.Document) {
		drop(doc, "//Signature")
		insertAfter(at(doc, "/Response/Issuer"), put(element("samlp:Extensions"), element("x:Thing", "xmlns:x", "urn:x")))
		target := at(doc, path)
		target.CreateAttr("ID", NewID())
		if err := sign(target, honest.Key, honest.Signing); err != nil {
			panic(err) // the key has just signed the honest document
		}
		signature := at(doc, path+"/Signature")
		target.RemoveChild(signature)
		become(doc, honest.Victim)
		at(doc, "/Response/Assertion").InsertChildAt(1, signature)
	}
}

func rsaKeyValue(k *Key) *etree.Element {
	public := k.Cert.PublicKey.(*rsa.PublicKey)
	encode := func(n *big.Int) string { return base64.StdEncoding.EncodeToString(n.Bytes()) }
	return put(element("ds:KeyValue"), put(element("ds:RSAKeyValue"),
		textual("ds:Modulus", encode(public.N)), textual("ds:Exponent", encode(big.NewInt(int64(public.E))))))
}
