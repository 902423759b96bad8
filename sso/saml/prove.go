package saml

import (
	"errors"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// proof is what the signatures of one response have shown.
type proof struct {
	want  Expect
	trail *sso.Trail

	responseSigned bool
	fingerprint    string
	legacy         []string
}

const statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

// verify is the way of one response. Each step is given only what the one before it let pass.
func verify(response []byte, want Expect, trail *sso.Trail) (Assertion, error) {
	p := &proof{want: want, trail: trail}
	facts, tree, err := p.parse(response, strict.Response)
	if err != nil {
		return Assertion{}, err
	}
	// A provider that refuses seldom signs, and sends no assertion. Its word is enough for not letting somebody in.
	if err := p.succeeded(readEnvelope(tree)); err != nil {
		return Assertion{}, err
	}
	if facts.Assertions != 1 {
		trail.Fail("assertion", "1", count(facts.Assertions))
		return Assertion{}, sso.Refuse(sso.AssertionMissing)
	}
	trail.Pass("assertion", "1")
	if facts.Encrypted && !want.Encryption {
		trail.Fail("encryption", "Assertion", "EncryptedAssertion")
		return Assertion{}, sso.Refuse(sso.EncryptionUnexpected)
	}
	proven := tree
	if facts.ResponseSigned {
		if proven, err = p.signed("response_signature", tree); err != nil {
			return Assertion{}, err
		}
		p.responseSigned = true
	}
	said, err := p.assertion(facts, tree, proven)
	if err != nil {
		return Assertion{}, err
	}
	a := &answer{envelope: readEnvelope(proven), statement: readStatement(said), want: want}
	a.signed, a.encrypted = p.responseSigned, facts.Encrypted
	trail.Prove()
	if err := a.judge(trail); err != nil {
		return Assertion{}, err
	}
	return a.conclude(p), nil
}

// parse takes a document in by tokens first, and only then as a tree.
func (p *proof) parse(doc []byte, what strict.Document) (strict.Facts, *etree.Element, error) {
	name := "document"
	if what == strict.Assertion {
		name = "decrypted_document"
	}
	facts, err := strict.Check(doc, what, strict.DefaultLimits())
	if err != nil {
		return facts, nil, p.unreadable(name, err)
	}
	tree, err := xmlsig.Parse(doc)
	if err != nil || tree.Root() == nil {
		p.trail.Fail(name, "", "")
		return facts, nil, malformed(err)
	}
	p.trail.Pass(name, facts.Root.Local)
	return facts, tree.Root(), nil
}

func (p *proof) unreadable(name string, err error) error {
	found, ok := errors.AsType[*strict.Error](err)
	if !ok {
		p.trail.Fail(name, "", "")
		return malformed(err)
	}
	reason, expected := sso.ResponseMalformed, ""
	switch found.Reason {
	case strict.TooLarge:
		reason = sso.ResponseTooLarge
	case strict.BadAssertions:
		reason, expected = sso.AssertionNotSingle, "one assertion, directly in the response"
	case strict.BadSignature:
		reason = sso.SignatureInvalid
	case strict.BadTransform:
		reason = sso.SignatureAlgorithm
	default:
	}
	p.trail.Fail(name, expected, found.Error())
	return sso.Refuse(reason).Because(found)
}

func (p *proof) succeeded(e envelope) error {
	if len(e.status) > 0 && e.status[0] == statusSuccess {
		p.trail.Pass("status", statusSuccess)
		return nil
	}
	got := slices.Clone(e.status)
	if e.message != "" {
		got = append(got, "("+e.message+")")
	}
	p.trail.Fail("status", statusSuccess, strings.Join(got, " "))
	return sso.Refuse(sso.ResponseStatus)
}

// conclude returns what the answer has proven. Every check has passed.
func (a *answer) conclude(p *proof) Assertion {
	login, _ := a.login()
	return Assertion{
		ID: a.statement.id, Issuer: a.want.Issuer, NameID: a.nameID, SessionIndex: login.sessionIndex,
		AuthnInstant: login.instant.at, AuthnContext: login.class, SessionNotOnOrAfter: login.sessionNotOnOrAfter.at,
		Attributes: a.attributes, ValidUntil: a.validUntil(), Fingerprint: p.fingerprint, Legacy: p.legacy,
	}
}
