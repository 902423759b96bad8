package samlforge

import (
	"encoding/base64"
	"encoding/pem"

	"github.com/beevik/etree"
)

func exclusionScenarios() []Scenario {
	return refused(allModes(),
		row{"SAML-013", "all signatures removed", forged(func(doc *etree.Document, o *Options) {
			drop(doc, "//Signature")
			become(doc, o.Victim)
		})},
		row{"SAML-013-empty", "all signatures emptied", forged(func(doc *etree.Document, o *Options) {
			for _, el := range doc.FindElements("//Signature") {
				el.Child = nil
			}
			become(doc, o.Victim)
		})},
		row{"SAML-013-changed", "the person changed after signing", forged(func(doc *etree.Document, o *Options) { become(doc, o.Victim) })},
		row{"SAML-015", "signed with the attacker's key, whose certificate is shown", func(o *Options, t *Tools) {
			o.Key, o.Subject = t.Attacker, o.Victim
		}},
		row{"SAML-016", "signed with the attacker's key, the right certificate is shown", func(o *Options, t *Tools) {
			o.Signing.KeyInfo = o.Key.Cert
			o.Key, o.Subject = t.Attacker, o.Victim
		}},
		row{"SAML-016-bare", "signed with the attacker's key, no certificate is shown", func(o *Options, t *Tools) {
			o.Signing.NoKeyInfo = true
			o.Key, o.Subject = t.Attacker, o.Victim
		}},
		row{"SAML-018-sha1", "HMAC-SHA1, keyed with the certificate", hmacWith(HMACSHA1, der)},
		row{"SAML-018-sha256", "HMAC-SHA256, keyed with the certificate", hmacWith(HMACSHA256, der)},
		row{"SAML-018-pem", "HMAC-SHA256, keyed with the PEM text of the certificate", hmacWith(HMACSHA256, func(k *Key) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Cert.Raw})
		})},
		row{"SAML-018-spki", "HMAC-SHA256, keyed with the public key", hmacWith(HMACSHA256, func(k *Key) []byte {
			return k.Cert.RawSubjectPublicKeyInfo
		})},
		row{"SAML-018-base64", "HMAC-SHA256, keyed with the text of the certificate", hmacWith(HMACSHA256, func(k *Key) []byte {
			return []byte(base64.StdEncoding.EncodeToString(k.Cert.Raw))
		})},
	)
}

// keyScenarios are about keys that are trusted, or were.
func keyScenarios() []Scenario {
	bare := scenarios(Accept, allModes(),
		row{"SAML-017-bare", "no KeyInfo: the certificate has to be found by trying", func(o *Options, _ *Tools) { o.Signing.NoKeyInfo = true }})
	value := scenarios(Limit, allModes(),
		row{"SAML-017-rsakeyvalue", "KeyInfo with another public key", func(o *Options, t *Tools) {
			o.Signing.Signature = func(el *etree.Element) {
				info := el.SelectElement("ds:KeyInfo")
				info.Child = nil
				put(info, rsaKeyValue(t.Attacker))
			}
		}})
	trusted := []Scenario{
		{ID: "SAML-021", Title: "a trusted key of 1,024 bits", Outcome: Refuse, Trust: func(t *Tools) *Key { return t.Weak }},
		{ID: "SAML-022-expired", Title: "the trusted certificate has expired", Outcome: Refuse, Trust: func(t *Tools) *Key { return t.Expired }},
		{ID: "SAML-022-future", Title: "the trusted certificate is not valid yet", Outcome: Refuse, Trust: func(t *Tools) *Key { return t.Future }},
		{ID: "SAML-036", Title: "a trusted key on P-256, in the encoding of XML-DSig", Outcome: Accept, Trust: func(t *Tools) *Key { return t.EC }},
	}
	for i, s := range trusted {
		trusted[i].Modes = allModes()
		trusted[i].Build = func(o Options, m Mode, t *Tools) ([]byte, error) {
			o.Mode, o.Key = m, s.Trust(t)
			return Response(o)
		}
	}
	return append(append(bare, value...), trusted...)
}

func algorithmScenarios() []Scenario {
	with := func(s Signing) func(*Options, *Tools) { return func(o *Options, _ *Tools) { o.Signing = s } }
	list := refused(allModes(),
		row{"SAML-019", "RSA-SHA1 with a SHA-1 digest", with(Signing{Method: RSASHA1, Digest: SHA1})},
		row{"SAML-020", "RSA-SHA256 with a SHA-1 digest", with(Signing{Method: RSASHA256, Digest: SHA1})},
		row{"SAML-020-signature", "RSA-SHA1 with a SHA-256 digest", with(Signing{Method: RSASHA1, Digest: SHA256})},
		row{"SAML-024", "canonicalization with comments", with(Signing{Canonical: ExclusiveWithComments})},
		row{"SAML-024-transform", "a transform with comments", with(Signing{Transform: ExclusiveWithComments})},
		row{"SAML-024-signedinfo", "SignedInfo canonicalized with comments", with(Signing{Canonical: ExclusiveWithComments, Transform: ExclusiveC14N})},
		row{"SAML-024-inclusive", "inclusive canonicalization with comments", with(Signing{Canonical: InclusiveWithComments})},
	)
	legacy := under(LegacySHA1, scenarios(Accept, allModes(),
		row{"SAML-019-allowed", "RSA-SHA1 where it is allowed", with(Signing{Method: RSASHA1, Digest: SHA1})}))
	// An assertion that was encrypted has lost the namespaces around it.
	inclusive := refused(plainModes(),
		row{"SAML-025", "inclusive canonicalization", with(Signing{Canonical: InclusiveC14N})},
		row{"SAML-025-11", "inclusive canonicalization 1.1", with(Signing{Canonical: InclusiveC14N11})})
	allowed := under(LegacyInclusive, scenarios(Accept, plainModes(),
		row{"SAML-025-allowed", "inclusive canonicalization where it is allowed", with(Signing{Canonical: InclusiveC14N})}))
	return append(append(append(list, legacy...), inclusive...), allowed...)
}

// become makes the visible assertion one about another person, and leaves all else.
func become(doc *etree.Document, p Person) {
	replace(at(doc, "/Response/Assertion/Subject/NameID"), nameID(p.NameID))
	drop(doc, "/Response/Assertion/AttributeStatement")
	if len(p.Attributes) > 0 {
		put(at(doc, "/Response/Assertion"), attributes(p.Attributes))
	}
}

func hmacWith(method string, secret func(*Key) []byte) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		o.Subject = o.Victim
		o.Signing.Method, o.Signing.Secret = method, secret(o.Key)
	}
}

func der(k *Key) []byte { return k.Cert.Raw }
