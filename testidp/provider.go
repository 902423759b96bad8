package testidp

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Provider is one running issuer. It is safe for concurrent use.
type Provider struct {
	server    *Server
	name      string
	profile   Profile
	algorithm string
	links     []Link

	mu        sync.Mutex
	users     []User
	clients   map[string]Client
	keys      []*Key // newest first, also those published but no longer used
	codes     map[string]*grant
	tokens    map[string]*grant // by access token and by refresh token
	sessions  map[string]*session
	requests  map[Endpoint]int
	lastToken *TokenRequest
	fault     Fault
	faulted   map[Endpoint]int // answers given under the fault
	scenario  string           // id of the named fault that is playing
	signIns   int
	parties   []ServiceProvider
	lastSAML  AuthnRequest
	logouts   map[string]bool // ids of the logout requests that nobody has answered

	samlKind       samlforge.KeyKind
	signedMetadata bool

	samlMu   sync.Mutex // making a key takes long
	samlKeys samlKeys
}

func newProvider(s *Server, i Issuer) (*Provider, error) {
	p := &Provider{
		server: s, name: i.Name, profile: i.Profile, algorithm: i.Algorithm, links: i.Links,
		clients: map[string]Client{}, codes: map[string]*grant{}, tokens: map[string]*grant{},
		sessions: map[string]*session{}, logouts: map[string]bool{}, samlKind: i.SAMLKey, signedMetadata: i.SignedMetadata,
		requests: map[Endpoint]int{}, faulted: map[Endpoint]int{},
	}
	if p.algorithm == "" {
		p.algorithm = RS256
	}
	if p.samlKind == "" {
		p.samlKind = samlforge.RSA2048
	}
	var errs []error
	if _, err := p.signingKey(p.algorithm); err != nil {
		errs = append(errs, err)
	}
	for _, u := range i.Users {
		errs = append(errs, p.AddUser(u))
	}
	for _, c := range i.Clients {
		errs = append(errs, p.AddClient(c))
	}
	for _, sp := range i.ServiceProviders {
		errs = append(errs, p.AddServiceProvider(sp))
	}
	return p, errors.Join(errs...)
}

// Name is the issuer's name.
func (p *Provider) Name() string { return p.name }

// URL is the issuer identifier.
func (p *Provider) URL() string { return p.server.base + "/" + p.name }

// CanaryURL is [Server.CanaryURL].
func (p *Provider) CanaryURL() string { return p.server.CanaryURL() }

// AddUser adds a person, or replaces the one with that login.
func (p *Provider) AddUser(u User) error {
	if u.Login == "" {
		return errors.New("user without a login")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.users, func(o User) bool { return o.Login == u.Login }); i >= 0 {
		p.users[i] = u
		return nil
	}
	p.users = append(p.users, u)
	return nil
}

// AddClient adds a relying party, or replaces the one with that id. A new algorithm adds a key to the key set.
func (p *Provider) AddClient(c Client) error {
	if c.ID == "" {
		return errors.New("client without an id")
	}
	for _, uri := range c.RedirectURIs {
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || u.Fragment != "" {
			return fmt.Errorf("client %s: redirect URI %q is not absolute or has a fragment", c.ID, uri)
		}
	}
	if c.Algorithm == "" {
		c.Algorithm = p.algorithm
	}
	if _, err := p.signingKey(c.Algorithm); err != nil {
		return fmt.Errorf("client %s: %w", c.ID, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[c.ID] = c
	return nil
}

// Users lists the people in the order in which they were added.
func (p *Provider) Users() []User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.users)
}

func (p *Provider) user(login string) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.users, func(u User) bool { return u.Login == login })
	if i < 0 {
		return User{}, false
	}
	return p.users[i], true
}

func (p *Provider) client(id string) (Client, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[id]
	return c, ok
}

func (p *Provider) now() time.Time { return p.server.clock() }

// Requests counts the calls of an endpoint so far.
func (p *Provider) Requests(e Endpoint) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[e]
}
