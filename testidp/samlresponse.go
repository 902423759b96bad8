package testidp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// RespondSAML plays the person: it answers the URL of a sign-in request by redirect as if login had signed in just now, and
// returns what the browser would post. No HTTP is involved.
func (p *Provider) RespondSAML(ctx context.Context, signInURL, login string) (samlforge.Post, error) {
	query, err := p.queryOf(signInURL, "/saml/sso")
	if err != nil {
		return samlforge.Post{}, err
	}
	m, err := messageOfQuery(query)
	if err != nil {
		return samlforge.Post{}, err
	}
	return p.respondTo(ctx, m, login)
}

// RespondSAMLForm is RespondSAML for a request that is posted.
func (p *Provider) RespondSAMLForm(ctx context.Context, form url.Values, login string) (samlforge.Post, error) {
	m, err := messageOfForm(form)
	if err != nil {
		return samlforge.Post{}, err
	}
	return p.respondTo(ctx, m, login)
}

// InitiateSAML signs login in without a request. An empty acs is the first one of the service provider.
func (p *Provider) InitiateSAML(ctx context.Context, entityID, acs, relayState, login string) (samlforge.Post, error) {
	f := p.begin(SAMLSignIn)
	req, sp, err := p.initiated(entityID, acs, relayState)
	if err != nil {
		return samlforge.Post{}, err
	}
	return p.respondAs(ctx, f, req, sp, login)
}

// initiated is the request that nobody sent.
func (p *Provider) initiated(entityID, acs, relayState string) (AuthnRequest, ServiceProvider, error) {
	sp, err := p.party(entityID)
	if err != nil {
		return AuthnRequest{}, sp, err
	}
	req := AuthnRequest{Issuer: entityID, RelayState: relayState}
	req.ACS, err = sp.acs(acs)
	return req, sp, err
}

func (p *Provider) respondTo(ctx context.Context, m message, login string) (samlforge.Post, error) {
	f := p.begin(SAMLSignIn)
	req, sp, err := p.authnRequest(m)
	if err != nil {
		return samlforge.Post{}, err
	}
	return p.respondAs(ctx, f, req, sp, login)
}

func (p *Provider) respondAs(ctx context.Context, f *Fault, req AuthnRequest, sp ServiceProvider, login string) (samlforge.Post, error) {
	if err := ctx.Err(); err != nil {
		return samlforge.Post{}, err
	}
	user, ok := p.user(login)
	if !ok {
		return samlforge.Post{}, fmt.Errorf("issuer %s has no user %q", p.name, login)
	}
	return p.respond(f, req, sp, p.signIn(user))
}

// samlOptions are those of an honest response.
func (p *Provider) samlOptions(req AuthnRequest, sp ServiceProvider) (samlforge.Options, error) {
	key, err := p.SAMLKey()
	if err != nil {
		return samlforge.Options{}, err
	}
	return samlforge.Options{
		IdP: p.EntityID(), SP: sp.EntityID, ACS: req.ACS, InResponseTo: req.ID, Now: p.now(), Mode: sp.Mode, Key: key,
		Encryption: samlforge.Encryption{Cert: sp.Encryption},
	}, nil
}

// respond answers for a person who has signed in.
func (p *Provider) respond(f *Fault, req AuthnRequest, sp ServiceProvider, s *session) (samlforge.Post, error) {
	format := req.NameIDFormat
	if format == "" || format == samlforge.Unspecified {
		format = sp.NameIDFormat
	}
	subject, err := sp.person(s.user, format)
	if err != nil {
		return p.decline(req, sp, samlforge.StatusRequester, samlforge.StatusInvalidNameID)
	}
	o, err := p.samlOptions(req, sp)
	if err != nil {
		return samlforge.Post{}, err
	}
	o.Subject, o.Victim = subject, p.victim(sp, s.user, format)
	o.AuthnInstant, o.SessionIndex = s.authTime, rand.Text()
	if len(s.user.AMR) > 1 {
		o.AuthnContext = samlforge.MFAContext
	}
	build := samlforge.Response
	if f.SAML != nil {
		build = f.SAML
	}
	doc, err := build(o)
	if err != nil {
		return samlforge.Post{}, fmt.Errorf("issuer %s: %w", p.name, err)
	}
	p.mu.Lock()
	s.visits = append(s.visits, visit{sp: sp.EntityID, nameID: subject.NameID, index: o.SessionIndex})
	p.mu.Unlock()
	return samlforge.Post{ACS: req.ACS, Document: doc, RelayState: req.RelayState}, nil
}

// decline says no to the service provider.
func (p *Provider) decline(req AuthnRequest, sp ServiceProvider, codes ...string) (samlforge.Post, error) {
	o, err := p.samlOptions(req, sp)
	if err != nil {
		return samlforge.Post{}, err
	}
	o.Mode = samlforge.SignResponse
	doc, err := samlforge.Failure(o, "", codes...)
	return samlforge.Post{ACS: req.ACS, Document: doc, RelayState: req.RelayState}, err
}

// victim is whom forgeries name: the user owner, or else anybody but the one who signs in.
func (p *Provider) victim(sp ServiceProvider, attacker User, format string) samlforge.Person {
	var victim User
	for _, u := range p.Users() {
		if u.Login != attacker.Login && (victim.Login == "" || u.Login == "owner") {
			victim = u
		}
	}
	if victim.Login == "" {
		return samlforge.Person{}
	}
	person, err := sp.person(victim, format)
	if err != nil {
		return samlforge.Person{}
	}
	return person
}
