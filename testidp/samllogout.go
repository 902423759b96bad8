package testidp

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// visit is a session at a service provider that began here.
type visit struct {
	sp     string
	nameID samlforge.NameID
	index  string
}

// Logout is a logout message on its way to a service provider.
type Logout struct {
	// Target is the address, with the query if the message goes by redirect; Form is set if it is posted.
	Target string
	samlforge.LogoutMessage
}

type logoutXML struct {
	XMLName      xml.Name
	ID           string `xml:"ID,attr"`
	Destination  string `xml:"Destination,attr"`
	InResponseTo string `xml:"InResponseTo,attr"`
	Issuer       string `xml:"Issuer"`
	NameID       string `xml:"NameID"`
	Index        string `xml:"SessionIndex"`
	Status       struct {
		Value string `xml:"Value,attr"`
	} `xml:"Status>StatusCode"`
}

// LogoutSAML ends the last session that login began at the service provider from here, and returns the request which tells
// it so.
func (p *Provider) LogoutSAML(entityID, login string) (Logout, error) {
	sp, err := p.party(entityID)
	if err != nil {
		return Logout{}, err
	}
	v, ok := p.leave(func(s *session, v visit) bool { return s.user.Login == login && v.sp == entityID })
	if !ok {
		return Logout{}, fmt.Errorf("%s has no session at %s", login, entityID)
	}
	o, err := p.logoutOptions(sp)
	if err != nil {
		return Logout{}, err
	}
	o.Subject, o.SessionIndex = v.nameID, v.index
	return p.sendLogout(p.begin(SAMLLogout), sp, o, samlforge.LogoutRequest)
}

// AnswerLogout takes a LogoutRequest of a service provider, by the URL of the redirect binding, ends the session and returns
// the answer.
func (p *Provider) AnswerLogout(logoutURL string) (Logout, error) {
	query, err := p.queryOf(logoutURL, "/saml/slo")
	if err != nil {
		return Logout{}, err
	}
	m, err := messageOfQuery(query)
	if err != nil {
		return Logout{}, err
	}
	return p.answerLogout(p.begin(SAMLLogout), m)
}

func (p *Provider) answerLogout(f *Fault, m message) (Logout, error) {
	var x logoutXML
	if err := m.read(&x); err != nil {
		return Logout{}, err
	}
	sp, err := p.party(x.Issuer)
	if err != nil {
		return Logout{}, err
	}
	if x.XMLName.Local != "LogoutRequest" || x.ID == "" || x.Destination != p.URL()+"/saml/slo" {
		return Logout{}, errors.New("not a LogoutRequest for this provider")
	}
	if len(sp.Signing) > 0 { // Profiles, 4.4.3.1: it must be signed
		if err := p.verify(m, sp.Signing); err != nil {
			return Logout{}, err
		}
	}
	_, ok := p.leave(func(_ *session, v visit) bool {
		return v.sp == x.Issuer && v.nameID.Value == x.NameID && (x.Index == "" || v.index == x.Index)
	})
	o, err := p.logoutOptions(sp)
	if err != nil {
		return Logout{}, err
	}
	o.InResponseTo, o.RelayState = x.ID, m.relayState
	if !ok {
		o.Status = samlforge.StatusRequester
	}
	return p.sendLogout(f, sp, o, samlforge.LogoutResponse)
}

// takeLogoutAnswer checks the answer of a service provider to a request of ours.
func (p *Provider) takeLogoutAnswer(m message) error {
	var x logoutXML
	if err := m.read(&x); err != nil {
		return err
	}
	sp, err := p.party(x.Issuer)
	if err != nil {
		return err
	}
	if _, err := p.signedBy(m, sp); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.logouts[x.InResponseTo] {
		return errors.New("answer to no request")
	}
	delete(p.logouts, x.InResponseTo)
	if x.Status.Value != samlforge.StatusSuccess {
		return fmt.Errorf("the service provider answers %q", x.Status.Value)
	}
	return nil
}

// PendingLogouts counts the logout requests that no service provider has answered.
func (p *Provider) PendingLogouts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.logouts)
}

func (p *Provider) logoutOptions(sp ServiceProvider) (samlforge.LogoutOptions, error) {
	key, err := p.SAMLKey()
	if err != nil {
		return samlforge.LogoutOptions{}, err
	}
	if sp.SLO == "" {
		return samlforge.LogoutOptions{}, fmt.Errorf("service provider %s has no logout address", sp.EntityID)
	}
	return samlforge.LogoutOptions{
		IdP: p.EntityID(), Destination: sp.SLO, Now: p.now(), ID: samlforge.NewID(), Key: key, Binding: sp.SLOBinding,
	}, nil
}

func (p *Provider) sendLogout(
	f *Fault, sp ServiceProvider, o samlforge.LogoutOptions, build func(samlforge.LogoutOptions) (samlforge.LogoutMessage, error),
) (Logout, error) {
	if f.Logout != nil {
		f.Logout(&o)
	}
	m, err := build(o)
	if err != nil {
		return Logout{}, fmt.Errorf("issuer %s: %w", p.name, err)
	}
	if o.InResponseTo == "" {
		p.mu.Lock()
		p.logouts[o.ID] = true
		p.mu.Unlock()
	}
	target := sp.SLO
	if m.Query != "" {
		target = joined(target, m.Query)
	}
	return Logout{Target: target, LogoutMessage: m}, nil
}

// leave ends the newest visit that fits, with the session that it belongs to.
func (p *Provider) leave(fits func(*session, visit) bool) (visit, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var newest *session
	var found visit
	for _, s := range p.sessions {
		for _, v := range slices.Backward(s.visits) {
			if fits(s, v) && (newest == nil || s.number > newest.number) {
				newest, found = s, v
			}
		}
	}
	if newest == nil {
		return visit{}, false
	}
	delete(p.sessions, newest.sid)
	return found, true
}

// queryOf is the query of a URL that has to be one of the provider's own.
func (p *Provider) queryOf(address, path string) (string, error) {
	before, query, _ := strings.Cut(address, "?")
	if want := p.URL() + path; before != want {
		return "", fmt.Errorf("URL does not begin with %s", want)
	}
	return query, nil
}

// joined adds parameters to an address that may have some.
func joined(address, query string) string {
	if strings.Contains(address, "?") {
		return address + "&" + query
	}
	return address + "?" + query
}
