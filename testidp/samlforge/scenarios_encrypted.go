package samlforge

import (
	"bytes"
	"strings"

	"github.com/beevik/etree"
)

// cipherScenarios are about the ciphertext. Everybody can make one: the certificate is public.
func cipherScenarios() []Scenario {
	with := func(e Encryption) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) {
			cert := o.Encryption.Cert
			o.Encryption = e
			o.Encryption.Cert = cert
		}
	}
	only := func(n int) func([]byte) []byte { return func([]byte) []byte { return make([]byte, n) } }
	flip := func(position func(int) int) func([]byte) []byte {
		return func(b []byte) []byte {
			b = bytes.Clone(b)
			b[position(len(b))] ^= 1
			return b
		}
	}
	first := func(int) int { return 0 }
	last := func(n int) int { return n - 1 }
	plain := func(s string) func(*Options, *Tools) {
		return with(Encryption{Plain: func([]byte) []byte { return []byte(s) }})
	}
	legacy := under(LegacyCBC, append(refused(encryptModes(),
		row{"SAML-080", "CBC: 17 bytes", with(Encryption{Data: AES128CBC, Cipher: only(17)})},
		row{"SAML-080-vector", "CBC: the vector alone", with(Encryption{Data: AES128CBC, Cipher: only(16)})},
		row{"SAML-080-short", "CBC: 5 bytes", with(Encryption{Data: AES128CBC, Cipher: only(5)})},
		row{"SAML-080-none", "CBC: nothing", with(Encryption{Data: AES128CBC, Cipher: only(0)})},
		row{"SAML-084-padding", "CBC: the padding changed", with(Encryption{Data: AES128CBC, Cipher: flip(func(n int) int { return n - 17 })})},
		row{"SAML-084-first", "CBC: the first character changed", with(Encryption{Data: AES128CBC, Cipher: flip(first)})},
		row{"SAML-084-zeros", "CBC: blocks of zeros", with(Encryption{Data: AES128CBC, Cipher: only(64)})},
	), scenarios(Accept, encryptModes(),
		row{"SAML-084-allowed", "CBC where it is allowed", with(Encryption{Data: AES256CBC})})...))
	return append(legacy, refused(encryptModes(),
		row{"SAML-081", "GCM: 5 bytes", with(Encryption{Cipher: only(5)})},
		row{"SAML-081-nonce", "GCM: the nonce alone", with(Encryption{Cipher: only(12)})},
		row{"SAML-081-tag", "GCM: a nonce and half a tag", with(Encryption{Cipher: only(20)})},
		row{"SAML-081-none", "GCM: nothing", with(Encryption{Cipher: only(0)})},
		row{"SAML-082", "triple DES: 8 bytes", with(Encryption{Data: TripleDES, Cipher: only(8)})},
		row{"SAML-082-honest", "triple DES", with(Encryption{Data: TripleDES})},
		row{"SAML-083-blank", "the plaintext is a space", plain(" ")},
		row{"SAML-083-empty", "the plaintext is empty", plain("")},
		row{"SAML-083-comment", "the plaintext is a comment", plain("<!-- x -->")},
		row{"SAML-083-root", "the plaintext is another element", plain("<evil/>")},
		row{"SAML-083-nested", "the plaintext is a response", plain(`<samlp:Response xmlns:samlp="` + nsProtocol + `"/>`)},
		row{"SAML-083-two", "the plaintext is two assertions", with(Encryption{Plain: func(b []byte) []byte { return append(bytes.Clone(b), b...) }})},
		row{"SAML-083-tail", "the plaintext ends with text", with(Encryption{Plain: func(b []byte) []byte { return append(bytes.Clone(b), "evil"...) }})},
		row{"SAML-084", "CBC", with(Encryption{Data: AES128CBC})},
		row{"SAML-084-tag", "GCM: the tag changed", with(Encryption{Cipher: flip(last)})},
		row{"SAML-084-nonce", "GCM: the nonce changed", with(Encryption{Cipher: flip(first)})},
		row{"SAML-084-key", "the encrypted key changed", with(Encryption{Wrapped: flip(last)})},
		row{"SAML-084-no-key", "no encrypted key", with(Encryption{Wrapped: only(0)})},
		row{"SAML-084-long-key", "an encrypted key longer than the modulus", with(Encryption{Wrapped: only(4096)})},
		row{"SAML-085", "the key in PKCS #1 v1.5", with(Encryption{Transport: RSA15})},
		row{"SAML-085-changed", "the key in PKCS #1 v1.5, changed", with(Encryption{Transport: RSA15, Wrapped: flip(last)})},
	)...)
}

// concealedScenarios hide things by encryption.
func concealedScenarios() []Scenario {
	beside := func(f func(o Options) *etree.Element) func(*Options, *Tools) {
		return func(o *Options, t *Tools) {
			decoy, err := text(f(*o))
			if err != nil {
				panic(err) // it was built here
			}
			sent(func(doc string) string {
				return strings.Replace(doc, "</saml:EncryptedAssertion>", "</saml:EncryptedAssertion>"+string(decoy), 1)
			})(o, t)
		}
	}
	list := refused([]Mode{SignThenEncrypt},
		row{"SAML-086", "an unsigned assertion, encrypted", forged(func(doc *etree.Document, o *Options) {
			replace(at(doc, "/Response/Assertion"), assertion(*o, NewID(), o.Victim))
		})},
		row{"SAML-086-signed", "an assertion signed by the attacker, encrypted", func(o *Options, t *Tools) { o.Key, o.Subject = t.Attacker, o.Victim }},
		row{"SAML-087", "an encrypted assertion and a plain one", beside(func(o Options) *etree.Element {
			return assertion(o, NewID(), o.Victim)
		})},
		row{"SAML-087-signed", "a forged encrypted assertion and a signed plain one", func(o *Options, t *Tools) {
			key, signing, honest := o.Key, o.Signing, o.Subject
			o.Key, o.Subject = t.Attacker, o.Victim
			beside(func(o Options) *etree.Element {
				el := assertion(o, NewID(), honest)
				if err := sign(el, key, signing); err != nil {
					panic(err) // the key signs honest documents too
				}
				return el
			})(o, t)
		}},
		row{"SAML-087-twice", "the same encrypted assertion twice", sent(func(doc string) string {
			from, to := strings.Index(doc, "<saml:EncryptedAssertion>"), strings.Index(doc, "</samlp:Response>")
			return doc[:to] + doc[from:to] + doc[to:]
		})},
	)
	list = append(list, under(NoEncryption, refused(encryptModes(),
		row{"SAML-088", "an encrypted assertion that nobody asked for", func(*Options, *Tools) {}}))...)
	list = append(list, refused(allModes(), row{"SAML-089", "the NameID is encrypted", hidden(func(doc *etree.Document, e Encryption) {
		enclose(at(doc, "/Response/Assertion/Subject/NameID"), "saml:EncryptedID", e)
	})})...)
	return append(list, scenarios(Limit, allModes(), row{"SAML-089-attribute", "an attribute is encrypted", hidden(func(doc *etree.Document, e Encryption) {
		statement := attributes([]Attribute{{Name: "secret", Values: []string{"x"}}})
		put(at(doc, "/Response/Assertion"), statement)
		enclose(statement.ChildElements()[0], "saml:EncryptedAttribute", e)
	})})...)
}

// hidden encrypts a part of the document before it is signed. Where nobody gave a certificate, nobody can decrypt it.
func hidden(f func(*etree.Document, Encryption)) func(*Options, *Tools) {
	return func(o *Options, t *Tools) {
		e := o.Encryption
		if e.Cert == nil {
			e.Cert = t.Attacker.Cert
		}
		o.BeforeSign = func(doc *etree.Document) { f(doc, e) }
	}
}

// enclose encrypts an element in its place.
func enclose(el *etree.Element, tag string, e Encryption) {
	el.CreateAttr("xmlns:saml", nsAssertion)
	plain, err := text(el)
	if err != nil {
		panic(err) // it was built here
	}
	data, err := encrypt(plain, e)
	if err != nil {
		panic(err) // the certificates of tests hold RSA keys
	}
	replace(el, put(element(tag), data))
}
