package saml

import (
	"context"
	"fmt"
	"net/http"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

var _ sso.SingleLogout = (*Provider)(nil)

// ReadLogout implements [sso.SingleLogout]. A message is taken by redirect, with its signature in the query, or by POST, with its
// signature in the document; one that is not signed by a certificate of the connection is never looked into.
func (p *Provider) ReadLogout(ctx context.Context, r *http.Request, a sso.Attempt) (sso.Logout, error) {
	want, err := logoutExpectation(a)
	if err != nil {
		return sso.Logout{}, err
	}
	if err := p.verifier.enter(ctx); err != nil {
		return sso.Logout{}, err
	}
	defer func() { <-p.verifier.slots }()
	return guarded(func() (sso.Logout, error) {
		proof := &proof{want: want, trail: a.Trail}
		said, err := proof.logout(r)
		if err != nil {
			return sso.Logout{}, err
		}
		if err := said.judge(a.Trail); err != nil {
			return sso.Logout{}, err
		}
		return said.conclude(proof), nil
	})
}

// logoutExpectation is what a connection asks of a logout message.
func logoutExpectation(a sso.Attempt) (Expect, error) {
	s := a.Connection.SAML
	if s == nil {
		return Expect{}, sso.Refuse(sso.ConnectionInactive).Because(errNoSettings)
	}
	trusted, err := s.Trusted()
	if err != nil {
		return Expect{}, fmt.Errorf("read certificates of connection %s: %w", a.Connection.ID, err)
	}
	return Expect{
		Issuer: s.EntityID, Audience: a.EntityID, ACS: a.LogoutURI, Now: a.Now,
		Trust: Trust{Certificates: trusted, AllowSHA1: s.LegacySHA1 != nil, AllowInclusiveC14N: s.LegacyInclusive != nil},
	}, nil
}

// logout proves the message of a request, by whichever binding it came.
func (p *proof) logout(r *http.Request) (*parting, error) {
	if r.Method == http.MethodGet {
		return p.logoutByQuery(r.URL.RawQuery)
	}
	f, err := readLogoutForm(r)
	if err != nil {
		return nil, err
	}
	_, tree, err := p.parse(f.document, f.parameter.document())
	if err != nil {
		return nil, err
	}
	proven, err := p.signed("signature", tree)
	if err != nil {
		return nil, err
	}
	return p.parting(proven, f.parameter, sso.BindingPOST, f.relayState), nil
}

// logoutByQuery verifies what the provider wrote before it is even decompressed. A signature inside of the document proves nothing here.
func (p *proof) logoutByQuery(query string) (*parting, error) {
	if len(query) > maxLogoutForm {
		return nil, sso.Refuse(sso.ResponseTooLarge)
	}
	m, used, err := xmlsig.VerifyQuery(query, xmlsig.Trust{
		Certificates: p.want.Trust.Certificates, AllowSHA1: p.want.Trust.AllowSHA1, Now: p.want.Now,
	})
	if err != nil {
		p.trail.Fail("signature", fingerprints(p.want.Trust), "")
		return nil, sso.Refuse(reasonOf(err)).Because(err)
	}
	p.trail.Pass("signature", used.Fingerprint)
	if used.SHA1 {
		p.use(LegacySHA1)
	}
	if len(m.RelayState) > maxRelayState {
		return nil, malformed(errForm)
	}
	_, tree, err := p.parse(m.XML, logoutParameter(m.Parameter).document())
	if err != nil {
		return nil, err
	}
	return p.parting(tree, logoutParameter(m.Parameter), sso.BindingRedirect, m.RelayState), nil
}

// logoutParameter says what kind of message a parameter has to hold.
type logoutParameter xmlsig.Parameter

func (l logoutParameter) document() strict.Document {
	if xmlsig.Parameter(l) == xmlsig.SAMLResponse {
		return strict.LogoutResponse
	}
	return strict.LogoutRequest
}

// parting is a logout message that was proven, with what is asked of it.
type parting struct {
	answer
	response bool
	indexes  []string
	readable bool // all that identifies somebody is plain text, and nothing of it is encrypted
	until    moment
	binding  string
	relay    string
}

// maxIndexes is more than any person has sessions.
const maxIndexes = 100

func (p *proof) parting(el *etree.Element, by logoutParameter, binding, relayState string) *parting {
	m := &parting{
		answer:   answer{envelope: readEnvelope(el), want: p.want},
		response: by.document() == strict.LogoutResponse, until: momentOf(el, "NotOnOrAfter"), binding: binding, relay: relayState,
	}
	m.readSubject(el) // a LogoutRequest names its subject where an assertion's Subject does
	m.subjects = 1
	indexes := children(el, nsProtocol, "SessionIndex")
	m.readable = len(children(el, nsAssertion, "EncryptedID"))+len(children(el, nsAssertion, "BaseID")) == 0 && len(indexes) <= maxIndexes
	for _, index := range indexes {
		value, ok := text(index)
		m.readable = m.readable && ok && value != ""
		m.indexes = append(m.indexes, value)
	}
	return m
}

// conclude returns what the message has proven. Every check has passed.
func (m *parting) conclude(p *proof) sso.Logout {
	said := sso.Logout{
		ID: m.envelope.id, Until: m.envelope.issued.at.Add(maxAge + 2*skew), RelayState: m.relay, Binding: m.binding, Legacy: p.legacy,
	}
	if m.response {
		said.Answers = m.inResponseTo
		return said
	}
	said.Subject, said.SubjectFormats, said.IdPSessions = m.nameID.Subject(), formatsOf(m.nameID.Format), m.indexes
	return said
}

// formatUnspecified is what a NameID without a format has (SAML 2.0 Core, section 2.2.2).
const formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

// formatsOf are the spellings of a format.
func formatsOf(format string) []string {
	if format == "" || format == formatUnspecified {
		return []string{"", formatUnspecified}
	}
	return []string{format}
}
