package gatehouse

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit/shared"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Config says how to run. What is marked as required has no default.
type Config struct {
	DatabaseURL string // required: of the login role gatehouse_app
	DirectURL   string // the same without a transaction pooler between, for the listener and jobs; "" means DatabaseURL
	MaxConns    int32  // of the pool that serves requests; 0 means 10
	BaseURL     string // required: the public address, https unless it is this machine; redirect URIs and links are made of it alone
	MasterKeys  string // required: "id:base64 of 32 bytes", several with commas; the first seals, all open
	RootSecret  string // required: base64 of 32 bytes; what hashes and signs beside the master keys is derived from it

	GoogleClientID     string
	GoogleClientSecret string
	GoogleIssuer       string // "" means Google's own

	SMTPURL  string // "" or "none": no mail is sent
	MailFrom string

	Catalog []byte // a catalog file to put in force; nil leaves the one in force, or begins with the built-in one

	DecisionSample int // of how many approvals one is written to the log of decisions, beside all refusals; 0 means 100, negative none

	RedisURL string // redis:// or rediss://, by which several instances share rate limits; "" counts in this process alone

	Hosts           []string       // further host names (with port) that requests may name, beside that of BaseURL
	InternalHosts   []string       // host names (with port) at which the API alone answers, and no cookie counts: for neighbors on a private network
	TrustedProxies  []netip.Prefix // whose X-Forwarded-For is believed
	CORSOrigins     []string
	IdentityNetwork []netip.Prefix // private networks where tenants' identity providers may be, in spite of the guard
	IdentityPorts   []int          // where tenants' identity providers may listen; empty means 443 alone
	EgressProxy     *url.URL
	DNSResolver     string // host:port of a recursive server that is asked about customers' domains; "" means those of the system

	// InsecureLoopbackProviders lets connections reach http providers on this machine. For development only; the serve command never
	// sets it.
	InsecureLoopbackProviders bool

	Log *slog.Logger // nil means slog.Default
	// Outbox, when set, keeps outgoing mail in memory and shows it on a page. Only `gatehouse dev` sets it.
	Outbox *mail.Outbox
}

type parts struct {
	keyring *secret.Keyring
	root    secret.RootKey
	base    *url.URL
	guard   *netguard.Guard
	google  *sso.GoogleConfig
	catalog *catalog.Catalog
	dns     *resolver.Resolver
}

// check reports everything that is wrong at once.
func (c Config) check() (p parts, err error) {
	var mistakes []error
	add := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if c.DatabaseURL == "" {
		add("DatabaseURL is missing")
	}
	if p.keyring, err = secret.ParseKeyring(c.MasterKeys); err != nil {
		add("MasterKeys: %w", err)
	}
	if key, err := secret.ParseKey(c.RootSecret); err != nil {
		add("RootSecret: %w", err)
	} else {
		p.root = secret.Root(key)
	}
	if p.base, err = baseURL(c.BaseURL); err != nil {
		mistakes = append(mistakes, err)
	}
	if (c.GoogleClientID == "") != (c.GoogleClientSecret == "") {
		add("GoogleClientID and GoogleClientSecret go together")
	} else if c.GoogleClientID != "" {
		p.google = &sso.GoogleConfig{Issuer: c.GoogleIssuer, ClientID: c.GoogleClientID, ClientSecret: secret.New(c.GoogleClientSecret)}
	}
	if c.Catalog != nil {
		if p.catalog, err = catalog.Parse("catalog", c.Catalog); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if c.RedisURL != "" {
		if err := shared.Check(c.RedisURL); err != nil {
			add("RedisURL: %w", err)
		}
	}
	if p.dns, err = resolver.New(c.DNSResolver); err != nil {
		add("DNSResolver: %w", err)
	}
	policy := netguard.Policy{AllowedNetworks: c.IdentityNetwork, AllowedPorts: c.IdentityPorts, EgressProxy: c.EgressProxy}
	if err := policy.Validate(); err != nil {
		mistakes = append(mistakes, err)
	} else if c.InsecureLoopbackProviders {
		p.guard = netguard.NewDev(policy)
	} else {
		p.guard = netguard.New(policy)
	}
	return p, errors.Join(mistakes...)
}

func baseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if text == "" || err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("BaseURL is not an address of the form https://host[/path]")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		if u.Scheme == "http" {
			return u, nil
		}
	}
	if u.Scheme != "https" {
		return nil, errors.New("BaseURL must be https; http is for this machine only")
	}
	return u, nil
}
