package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Access says who a credential stands for and what they may do; *access.Store is one. An error of kind Forbidden comes
// with the principal that it speaks against.
type Access interface {
	Session(ctx context.Context, tenant id.Tenant, session id.Session) (*authn.Principal, error)
	Key(ctx context.Context, key secret.Credential) (*authn.Principal, error)
	// AsOf is a context in which all answers about a tenant are from a version that the client knows of, or later.
	AsOf(ctx context.Context, tenant id.Tenant, version string) (context.Context, error)
	VersionText(tenant id.Tenant, version int64) string
	Ask(p *authn.Principal, standing error, q access.Question) access.Decision
	Rates(p *authn.Principal) *catalog.Rates
}

// Sessions reads and renews what clients present; *sessions.Sessions is one.
type Sessions interface {
	Verify(ctx context.Context, token string) (sessions.Claims, error)
	Refresh(ctx context.Context, tx *db.TenantTx, refresh secret.Credential) (sessions.Issued, error)
}

// Config is what a server needs. [New] reports all that is wrong with it at once.
type Config struct {
	// BaseURL is where the public reaches the server: https, or http on a loopback host. Links are made of it and never
	// of a header; its path is the prefix of all routes.
	BaseURL string
	// ExtraHosts are further Host headers to answer, with the port where it is not the scheme's.
	ExtraHosts []string
	// InternalHosts are further Host headers at which the API alone answers, for neighbors of the server: no page, and no cookie is read or
	// set, but for what a proxy asks about a browser's request.
	InternalHosts []string
	// TrustedProxies may say by X-Forwarded-For who the client is.
	TrustedProxies []netip.Prefix
	// Origins are other origins whose pages may read answers (CORS), such as "https://app.example.com".
	Origins []string

	DB       *db.DB
	Access   Access
	Sessions Sessions
	Keyring  *secret.Keyring // seals what idempotent routes answered

	Limiter ratelimit.Limiter  // nil: in memory
	Metrics *telemetry.Metrics // nil: none
	Log     *slog.Logger       // nil: slog.Default

	// HTMLError draws a failure for a person: the status, and nothing that is not in the problem. It may redirect an
	// anonymous one to the sign-in.
	HTMLError func(echo.Context, Problem) error

	MaxInFlight int // requests at once; 0 means 1024
	// MaxTenantInFlight is how many of them one tenant may have; 0 means a quarter.
	MaxTenantInFlight int
	MaxOpenInFlight   int             // of them on open rows; 0 means a quarter. A quarter of it is for one address.
	OpenLimit         ratelimit.Limit // of one address on an open row that changes something and has no limit; zero means 60 a minute
	FailureLimit      ratelimit.Limit // of one address presenting wrong credentials; zero means 60 a minute
}

// New validates cfg and returns a server without routes.
func New(cfg Config) (*Server, error) {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }

	base, err := parseBase(cfg.BaseURL)
	if err != nil {
		mistakes = append(mistakes, err)
		base = &url.URL{}
	}
	s := &Server{
		base: base.String(), origin: base.Scheme + "://" + base.Host, prefix: base.Path, secure: base.Scheme == "https",
		hosts: map[string]bool{base.Host: true}, internal: map[string]bool{}, origins: map[string]bool{}, proxies: cfg.TrustedProxies,
		db: cfg.DB, access: cfg.Access, sessions: cfg.Sessions, keyring: cfg.Keyring,
		limiter: cfg.Limiter, metrics: cfg.Metrics, log: cfg.Log, htmlError: cfg.HTMLError,
		crossOrigin: http.NewCrossOriginProtection(), routes: map[routeKey]*mounted{},
		openLimit: cfg.OpenLimit, failureLimit: cfg.FailureLimit,
	}
	for _, h := range cfg.ExtraHosts {
		if !plainHost(h) {
			wrong("extra host %q: want host or host:port, in lower case", h)
		}
		s.hosts[h] = true
	}
	for _, h := range cfg.InternalHosts {
		if !plainHost(h) {
			wrong("internal host %q: want host or host:port, in lower case", h)
		}
		s.internal[h] = true
	}
	for _, o := range append([]string{s.origin}, cfg.Origins...) {
		if err := s.trustOrigin(o); err != nil && base.Host != "" {
			mistakes = append(mistakes, err)
		}
	}
	delete(s.origins, s.origin) // our own pages need no CORS
	for what, missing := range map[string]bool{
		"database": cfg.DB == nil, "access": cfg.Access == nil, "sessions": cfg.Sessions == nil, "keyring": cfg.Keyring == nil,
	} {
		if missing {
			wrong("no %s", what)
		}
	}
	if cfg.MaxInFlight < 0 || cfg.MaxTenantInFlight < 0 || cfg.MaxOpenInFlight < 0 || cfg.MaxOpenInFlight > max(cfg.MaxInFlight, 1024) {
		wrong("requests in flight: %d, of which open %d", cfg.MaxInFlight, cfg.MaxOpenInFlight)
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	s.fill(cfg)
	s.arrange()
	return s, nil
}

// fill puts in what cfg left to us.
func (s *Server) fill(cfg Config) {
	inFlight := orDefault(cfg.MaxInFlight, 1024)
	s.gate = ratelimit.NewGate(inFlight)
	open := orDefault(cfg.MaxOpenInFlight, max(inFlight/4, 1))
	s.openGate, s.openShares = ratelimit.NewGate(open), ratelimit.NewShares[string](max(open/4, 1))
	s.tenantShares = ratelimit.NewShares[id.Tenant](orDefault(cfg.MaxTenantInFlight, max(inFlight/4, 1)))
	s.openLimit = orDefault(s.openLimit, ratelimit.PerMinute(60))
	s.failureLimit = orDefault(s.failureLimit, ratelimit.PerMinute(60))
	if s.limiter == nil {
		s.limiter = ratelimit.NewMemory(200_000)
	}
	if s.metrics == nil {
		s.metrics = telemetry.NewMetrics()
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.unmatched = s.metrics.Route(unmatched)
	s.fixed = s.makeHeaders()
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func plainHost(h string) bool {
	return h != "" && h == strings.ToLower(h) && !strings.ContainsAny(h, "/@ *?#")
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("base URL: want an absolute URL such as https://auth.example.com")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, fmt.Errorf("base URL %q: want https (http only on a loopback host)", s)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host != strings.ToLower(u.Host):
		return nil, fmt.Errorf("base URL %q: want scheme, lower-case host and path only", s)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if u.Path != "" && !pathPattern.MatchString(u.Path) || strings.Contains(u.Path, "{") {
		return nil, fmt.Errorf("base URL %q: want lower-case path segments", s)
	}
	u.Host = bareHost(u.Scheme, u.Host)
	return u, nil
}

// bareHost leaves out the port that the scheme implies.
func bareHost(scheme, host string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.IsLoopback()
}

// trustOrigin lets pages of an origin call with cookies and read the answers. The net/http type checks its form.
func (s *Server) trustOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || origin != strings.ToLower(origin) || strings.Contains(origin, "*") || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return fmt.Errorf("origin %q: want https://host[:port], in lower case", origin)
	}
	if err := s.crossOrigin.AddTrustedOrigin(origin); err != nil {
		return fmt.Errorf("origin %q: %w", origin, err)
	}
	s.origins[origin] = true
	return nil
}
