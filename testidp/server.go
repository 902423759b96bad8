package testidp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const canaryPath = "canary"

// Config is what a server needs.
type Config struct {
	// BaseURL is the address under which the server is reached, without a trailing slash; issuers live below it.
	BaseURL string
	Issuers []Issuer
	// Clock defaults to time.Now.
	Clock func() time.Time
}

// Server serves any number of providers. It is safe for concurrent use.
type Server struct {
	base   string
	prefix string // the path of base
	clock  func() time.Time
	mux    *http.ServeMux
	closed chan struct{}
	once   sync.Once
	canary atomic.Int64
	tools  func() (*samlforge.Tools, error)

	mu        sync.RWMutex
	providers map[string]*Provider
}

// New checks the configuration and reports all its mistakes at once.
func New(cfg Config) (*Server, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.RawQuery != "" || strings.HasSuffix(base.Path, "/") {
		return nil, fmt.Errorf("base URL %q: want http://host:port without a trailing slash", cfg.BaseURL)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	s := &Server{
		base: cfg.BaseURL, prefix: base.Path, clock: cfg.Clock, mux: http.NewServeMux(),
		closed: make(chan struct{}), providers: map[string]*Provider{},
	}
	s.tools = sync.OnceValues(func() (*samlforge.Tools, error) {
		tools, err := samlforge.NewTools(s.clock())
		if err == nil {
			tools.Canary = s.CanaryURL()
		}
		return tools, err
	})
	s.routes()
	var errs []error
	for _, i := range cfg.Issuers {
		if _, err := s.AddIssuer(i); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// URL is the server's base URL.
func (s *Server) URL() string { return s.base }

// AddIssuer starts another provider on a running server.
func (s *Server) AddIssuer(i Issuer) (*Provider, error) {
	if err := i.validate(); err != nil {
		return nil, err
	}
	p, err := newProvider(s, i)
	if err != nil {
		return nil, fmt.Errorf("issuer %s: %w", i.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.providers[i.Name] != nil {
		return nil, fmt.Errorf("issuer %s: name is taken", i.Name)
	}
	s.providers[i.Name] = p
	return p, nil
}

// Provider finds a provider by its issuer's name; nil if there is none.
func (s *Server) Provider(name string) *Provider {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.providers[name]
}

// Names lists the issuers in order.
func (s *Server) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(s.providers))
	for name := range s.providers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// CanaryURL is an address that no correct relying party ever calls: the target of redirects, key links and claim sources
// that some scenarios offer.
func (s *Server) CanaryURL() string { return s.base + "/" + canaryPath }

// CanaryHits counts the calls of the canary.
func (s *Server) CanaryHits() int { return int(s.canary.Load()) }

// Close releases the answers that hang by a fault. It does not stop the listener.
func (s *Server) Close() { s.once.Do(func() { close(s.closed) }) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.StripPrefix(s.prefix, s.mux).ServeHTTP(w, r)
}

func (s *Server) routes() {
	s.handle("GET /{issuer}/.well-known/openid-configuration", Discovery, (*Provider).serveDiscovery)
	s.handle("GET /{issuer}/jwks", JWKS, (*Provider).serveKeys)
	s.handle("GET /{issuer}/authorize", Authorization, (*Provider).serveAuthorize)
	s.handle("POST /{issuer}/authorize", Authorization, (*Provider).serveAuthorize)
	s.handle("POST /{issuer}/authorize/login", Login, (*Provider).serveLogin)
	s.handle("POST /{issuer}/token", Token, (*Provider).serveToken)
	s.handle("GET /{issuer}/userinfo", UserInfo, (*Provider).serveUserInfo)
	s.handle("POST /{issuer}/userinfo", UserInfo, (*Provider).serveUserInfo)
	s.handle("GET /{issuer}/end_session", EndSession, (*Provider).serveEndSession)
	s.handle("POST /{issuer}/end_session", EndSession, (*Provider).serveEndSession)
	s.handle("GET /{issuer}/saml/metadata", SAMLMetadata, (*Provider).serveSAMLMetadata)
	s.handle("GET /{issuer}/saml/sso", SAMLSignIn, (*Provider).serveSAML)
	s.handle("POST /{issuer}/saml/sso", SAMLSignIn, (*Provider).serveSAML)
	s.handle("GET /{issuer}/saml/init", SAMLSignIn, (*Provider).serveSAMLStart)
	s.handle("POST /{issuer}/saml/login", SAMLLogin, (*Provider).serveSAMLLogin)
	s.handle("GET /{issuer}/saml/slo", SAMLLogout, (*Provider).serveSAMLLogout)
	s.handle("POST /{issuer}/saml/slo", SAMLLogout, (*Provider).serveSAMLLogout)
	s.handle("GET /{issuer}/saml/logout", SAMLLogout, (*Provider).serveSAMLEnd)
	s.handle("GET /{issuer}/scenario", Admin, (*Provider).serveScenario)
	s.handle("POST /{issuer}/scenario", Admin, (*Provider).setScenario)
	s.mux.HandleFunc("/"+canaryPath, func(w http.ResponseWriter, _ *http.Request) {
		s.canary.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("GET /{$}", s.serveIndex)
}

type endpoint func(*Provider, http.ResponseWriter, *http.Request, *Fault)

func (s *Server) handle(pattern string, e Endpoint, h endpoint) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		p := s.Provider(r.PathValue("issuer"))
		if p == nil {
			http.NotFound(w, r)
			return
		}
		// What a test peer will ever be sent is small; this keeps a broken client from filling memory.
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		h(p, w, r, p.begin(e))
	})
}
