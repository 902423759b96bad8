package testidp

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// ServiceProvider is a relying party that speaks SAML.
type ServiceProvider struct {
	// EntityID may end with an asterisk and then stands for all that begin so.
	EntityID string
	// ACS are the addresses that responses may be sent to; one that ends with an asterisk stands for all that begin so. Empty
	// allows every URL on loopback. Sign-in that the provider starts goes to the first.
	ACS []string
	// SLO is where logout messages go; empty is nowhere. SLOBinding is samlforge.PostBinding or, by default,
	// samlforge.RedirectBinding.
	SLO, SLOBinding string
	// Mode is what is signed and encrypted. Empty means samlforge.SignAssertion.
	Mode samlforge.Mode
	// Encryption is the certificate for which assertions are encrypted in the modes that encrypt.
	Encryption *x509.Certificate
	// Signing are the certificates of the service provider's own signatures, which are checked where there are some;
	// SignedRequests refuses requests without a signature.
	Signing        []*x509.Certificate
	SignedRequests bool
	// NameIDFormat is used where the request names none. Empty means persistent.
	NameIDFormat string
	Names        AttributeNames
}

// AttributeNames is a habit of naming attributes.
type AttributeNames int

// The habits: plain words as with Okta, the claim URIs of Microsoft Entra, and the OIDs of eduPerson.
const (
	PlainNames AttributeNames = iota
	EntraNames
	OIDNames
)

// AddServiceProvider adds a service provider, or replaces the one with that entity id.
func (p *Provider) AddServiceProvider(sp ServiceProvider) error {
	if sp.EntityID == "" {
		return errors.New("service provider without an entity id")
	}
	for _, acs := range sp.ACS {
		if u, err := url.Parse(acs); err != nil || !u.IsAbs() {
			return fmt.Errorf("service provider %s: %q is not absolute", sp.EntityID, acs)
		}
	}
	if sp.Mode == "" {
		sp.Mode = samlforge.SignAssertion
	}
	if sp.SLOBinding == "" {
		sp.SLOBinding = samlforge.RedirectBinding
	}
	if sp.NameIDFormat == "" {
		sp.NameIDFormat = samlforge.Persistent
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parties = slices.DeleteFunc(p.parties, func(o ServiceProvider) bool { return o.EntityID == sp.EntityID })
	p.parties = append(p.parties, sp)
	return nil
}

// party finds a service provider: by its own name, or else the longest pattern that fits.
func (p *Provider) party(entityID string) (ServiceProvider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found ServiceProvider
	for _, sp := range p.parties {
		if sp.EntityID == entityID {
			return sp, nil
		}
		if fits(sp.EntityID, entityID) && len(sp.EntityID) > len(found.EntityID) {
			found = sp
		}
	}
	if found.EntityID == "" {
		return found, fmt.Errorf("unknown service provider %q", entityID)
	}
	found.EntityID = entityID
	return found, nil
}

// acs checks the address that a request asks for; none is the first one that is registered.
func (sp ServiceProvider) acs(wanted string) (string, error) {
	if wanted == "" {
		if len(sp.ACS) == 0 || strings.HasSuffix(sp.ACS[0], "*") {
			return "", errors.New("no assertion consumer service is named")
		}
		return sp.ACS[0], nil
	}
	for _, acs := range sp.ACS {
		if fits(acs, wanted) {
			return wanted, nil
		}
	}
	u, err := url.Parse(wanted)
	if err != nil || len(sp.ACS) > 0 {
		return "", fmt.Errorf("assertion consumer service %q is not registered", wanted)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("assertion consumer service %q is not on loopback", wanted)
	}
	return wanted, nil
}

// fits compares with a pattern, of which an asterisk at the end stands for anything.
func fits(pattern, s string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == s
}

type spMetadata struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	Role     struct {
		RequestsSigned bool `xml:"AuthnRequestsSigned,attr"`
		Keys           []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		Formats []string     `xml:"NameIDFormat"`
		ACS     []spEndpoint `xml:"AssertionConsumerService"`
		SLO     []spEndpoint `xml:"SingleLogoutService"`
	} `xml:"SPSSODescriptor"`
}

type spEndpoint struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

// ReadServiceProvider reads the metadata of a service provider. Its first encryption certificate is taken, but Mode stays
// to be set.
func ReadServiceProvider(metadata []byte) (ServiceProvider, error) {
	var m spMetadata
	if err := xml.Unmarshal(metadata, &m); err != nil {
		return ServiceProvider{}, fmt.Errorf("read metadata of a service provider: %w", err)
	}
	sp := ServiceProvider{EntityID: m.EntityID, SignedRequests: m.Role.RequestsSigned}
	for _, e := range m.Role.ACS {
		if e.Binding == samlforge.PostBinding {
			sp.ACS = append(sp.ACS, e.Location)
		}
	}
	for _, e := range m.Role.SLO {
		if sp.SLO == "" || e.Binding == samlforge.RedirectBinding {
			sp.SLO, sp.SLOBinding = e.Location, e.Binding
		}
	}
	if len(m.Role.Formats) > 0 {
		sp.NameIDFormat = m.Role.Formats[0]
	}
	for _, key := range m.Role.Keys {
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return sp, fmt.Errorf("read certificate: %w", err)
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return sp, fmt.Errorf("read certificate: %w", err)
			}
			if key.Use != "encryption" {
				sp.Signing = append(sp.Signing, cert)
			}
			if key.Use != "signing" && sp.Encryption == nil {
				sp.Encryption = cert
			}
		}
	}
	return sp, nil
}
