package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// settings is everything that the environment says. Nothing that is secret has a default.
type settings struct {
	DatabaseURL      string   `env:"GATEHOUSE_DATABASE_URL"`
	DirectURL        string   `env:"GATEHOUSE_DATABASE_DIRECT_URL"`
	OwnerURL         string   `env:"GATEHOUSE_DATABASE_OWNER_URL"`
	MasterKeys       string   `env:"GATEHOUSE_MASTER_KEYS"`
	RootSecret       string   `env:"GATEHOUSE_ROOT_SECRET"`
	BaseURL          string   `env:"GATEHOUSE_BASE_URL"`
	Addr             string   `env:"GATEHOUSE_ADDR" envDefault:":8080"`
	MetricsAddr      string   `env:"GATEHOUSE_METRICS_ADDR" envDefault:"127.0.0.1:9090"`
	SMTPURL          string   `env:"GATEHOUSE_SMTP_URL"`
	MailFrom         string   `env:"GATEHOUSE_MAIL_FROM"`
	GoogleClientID   string   `env:"GATEHOUSE_GOOGLE_CLIENT_ID"`
	GoogleSecret     string   `env:"GATEHOUSE_GOOGLE_CLIENT_SECRET"`
	GoogleIssuer     string   `env:"GATEHOUSE_GOOGLE_ISSUER" envDefault:"https://accounts.google.com"`
	TrustedProxies   []string `env:"GATEHOUSE_TRUSTED_PROXIES"`
	CORSOrigins      []string `env:"GATEHOUSE_CORS_ORIGINS"`
	IDPNetworks      []string `env:"GATEHOUSE_IDP_NETWORKS"`
	EgressProxy      string   `env:"GATEHOUSE_EGRESS_PROXY"`
	HealthcheckURL   string   `env:"GATEHOUSE_HEALTHCHECK_URL" envDefault:"http://127.0.0.1:8080/readyz"`
	DatabaseMaxConns int32    `env:"GATEHOUSE_DATABASE_MAX_CONNS" envDefault:"10"`
}

// loadSettings reads the environment; overlay, when not nil, stands in for it (the state file of gatehouse dev).
func loadSettings(overlay map[string]string) (settings, error) {
	var s settings
	opts := env.Options{}
	if overlay != nil {
		opts.Environment = overlay
	}
	if err := env.ParseWithOptions(&s, opts); err != nil {
		return s, fmt.Errorf("read the environment: %w", err)
	}
	return s, nil
}

// problems gathers what is wrong, so that all of it is said at once.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return errors.New("the configuration is not complete: " + strings.Join(p, "; "))
}

// parsed is the part of the settings that needs more than a string.
type parsed struct {
	keyring *secret.Keyring
	root    secret.RootKey
	base    *url.URL
	proxies []netip.Prefix
	idpNets []netip.Prefix
	egress  *url.URL
}

// forServe demands everything that a server in production needs.
func (s settings) forServe() (parsed, error) {
	var p problems
	out := s.secrets(&p)
	s.needDatabase(&p)
	out.base = s.baseURL(&p)
	if s.SMTPURL == "" {
		p.add("GATEHOUSE_SMTP_URL is missing (smtp://user:password@host:587, or none to send no mail)")
	}
	if s.MailFrom == "" && s.SMTPURL != "none" && s.SMTPURL != "" {
		p.add("GATEHOUSE_MAIL_FROM is missing")
	}
	if (s.GoogleClientID == "") != (s.GoogleSecret == "") {
		p.add("GATEHOUSE_GOOGLE_CLIENT_ID and GATEHOUSE_GOOGLE_CLIENT_SECRET go together")
	}
	out.proxies = prefixes(&p, "GATEHOUSE_TRUSTED_PROXIES", s.TrustedProxies)
	out.idpNets = prefixes(&p, "GATEHOUSE_IDP_NETWORKS", s.IDPNetworks)
	if s.EgressProxy != "" {
		u, err := url.Parse(s.EgressProxy)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			p.add("GATEHOUSE_EGRESS_PROXY is not an http or https URL")
		}
		out.egress = u
	}
	return out, p.err()
}

// forCommands demands what the commands need that work on the database.
func (s settings) forCommands() (parsed, error) {
	var p problems
	s.needDatabase(&p)
	out := s.secrets(&p)
	out.base = s.baseURL(&p)
	return out, p.err()
}

func (s settings) needDatabase(p *problems) {
	if s.DatabaseURL == "" {
		p.add("GATEHOUSE_DATABASE_URL is missing (postgres://gatehouse_app:…@host/database)")
	}
}

func (s settings) secrets(p *problems) (out parsed) {
	var err error
	if s.MasterKeys == "" {
		p.add("GATEHOUSE_MASTER_KEYS is missing (id:base64 of 32 random bytes; the first is used, the others still open)")
	} else if out.keyring, err = secret.ParseKeyring(s.MasterKeys); err != nil {
		p.add("GATEHOUSE_MASTER_KEYS: %v", err)
	}
	if s.RootSecret == "" {
		p.add("GATEHOUSE_ROOT_SECRET is missing (base64 of 32 random bytes)")
		return out
	}
	key, err := secret.ParseKey(s.RootSecret)
	if err != nil {
		p.add("GATEHOUSE_ROOT_SECRET: %v", err)
		return out
	}
	out.root = secret.Root(key)
	return out
}

func (s settings) baseURL(p *problems) *url.URL {
	if s.BaseURL == "" {
		p.add("GATEHOUSE_BASE_URL is missing (https://login.example.com)")
		return nil
	}
	u, err := url.Parse(s.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.add("GATEHOUSE_BASE_URL is not a URL of the form https://host[/path]")
		return nil
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		p.add("GATEHOUSE_BASE_URL must be https (http only for localhost)")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u
}

func prefixes(p *problems, name string, list []string) (out []netip.Prefix) {
	for _, text := range list {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		n, err := netip.ParsePrefix(text)
		if err != nil {
			if a, aerr := netip.ParseAddr(text); aerr == nil {
				n, err = a.Prefix(a.BitLen())
			}
		}
		if err != nil {
			p.add("%s: %q is not a network like 10.0.0.0/8", name, text)
			continue
		}
		out = append(out, n)
	}
	return out
}
