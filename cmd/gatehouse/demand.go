package main

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit/shared"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// parsed is the part of the settings that needs more than a string.
type parsed struct {
	keyring  *secret.Keyring
	root     secret.RootKey
	base     *url.URL
	conns    int32
	sample   int
	catalog  []byte
	proxies  []netip.Prefix
	idpNets  []netip.Prefix
	idpPorts []int
	egress   *url.URL
}

// forServe demands everything that a server in production needs, and a catalog file without mistakes where one is named.
func (s settings) forServe(catalogFile string) (parsed, error) {
	var p problems
	out := s.secrets(&p)
	s.needDatabase(&p)
	needPostgres(&p, "GATEHOUSE_DATABASE_DIRECT_URL", s.DirectURL)
	if n, err := strconv.ParseInt(s.DatabaseMaxConns, 10, 32); err != nil || n < 2 {
		p.add("GATEHOUSE_DATABASE_MAX_CONNS is not a number of connections, at least 2")
	} else {
		out.conns = int32(n)
	}
	if n, err := strconv.Atoi(s.DecisionSample); err != nil || n < 0 {
		p.add("GATEHOUSE_DECISION_SAMPLE is not a number of approvals of which one is logged, or 0 for none")
	} else if out.sample = n; n == 0 {
		out.sample = -1
	}
	out.base = s.baseURL(&p)
	s.needMail(&p)
	needOrigins(&p, s.CORSOrigins)
	needHosts(&p, s.InternalHosts)
	if (s.GoogleClientID == "") != (s.GoogleSecret == "") {
		p.add("GATEHOUSE_GOOGLE_CLIENT_ID and GATEHOUSE_GOOGLE_CLIENT_SECRET go together")
	}
	out.proxies = prefixes(&p, "GATEHOUSE_TRUSTED_PROXIES", s.TrustedProxies)
	out.idpNets = prefixes(&p, "GATEHOUSE_IDP_NETWORKS", s.IDPNetworks)
	out.idpPorts = ports(&p, "GATEHOUSE_IDP_PORTS", s.IDPPorts)
	if s.RedisURL != "" {
		if err := shared.Check(s.RedisURL); err != nil {
			p.add("GATEHOUSE_REDIS_URL: %v", err)
		}
	}
	if _, err := resolver.New(s.DNSResolver); err != nil {
		p.add("GATEHOUSE_DNS_RESOLVER: %v", err)
	}
	if s.EgressProxy != "" {
		u, err := url.Parse(s.EgressProxy)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			p.add("GATEHOUSE_EGRESS_PROXY is not an http or https URL")
		}
		out.egress = u
	}
	var err error
	if out.catalog, err = readCatalog(catalogFile); err != nil {
		p.add("%v", err)
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
	needPostgres(p, "GATEHOUSE_DATABASE_URL", s.DatabaseURL)
}

// needPostgres refuses what pgx cannot read. Its own error may hold the password.
func needPostgres(p *problems, name, text string) {
	if text == "" {
		return
	}
	if _, err := pgx.ParseConfig(text); err != nil {
		p.add("%s is not an address of the form postgres://user:password@host/database", name)
	}
}

func (s settings) needMail(p *problems) {
	switch s.SMTPURL {
	case "":
		p.add("GATEHOUSE_SMTP_URL is missing (smtp://user:password@host:587, or none to send no mail)")
	case "none":
	default:
		if s.MailFrom == "" {
			p.add("GATEHOUSE_MAIL_FROM is missing (login@example.com)")
			return
		}
		if _, err := mail.NewSMTP(mail.Config{URL: secret.New(s.SMTPURL), From: s.MailFrom}); err != nil {
			p.add("GATEHOUSE_SMTP_URL and GATEHOUSE_MAIL_FROM: %v", err)
		}
	}
}

func needOrigins(p *problems, list []string) {
	for _, o := range list {
		u, err := url.Parse(o)
		if err != nil || u.Scheme+"://"+u.Host != o || u.Host == "" {
			p.add("GATEHOUSE_CORS_ORIGINS: %q is not an origin like https://app.example.com", o)
		}
	}
}

func needHosts(p *problems, list []string) {
	for _, h := range list {
		if u, err := url.Parse("http://" + h); err != nil || u.Host != h || h == "" || h != strings.ToLower(h) || strings.ContainsAny(h, "@* ") {
			p.add("GATEHOUSE_INTERNAL_HOSTS: %q is not a host like gatehouse:8080, in lower case", h)
		}
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
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		p.add("GATEHOUSE_BASE_URL must be https (http only for localhost)")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u
}

// ports reads port numbers. 443 is always one of them.
func ports(p *problems, name string, list []string) []int {
	out := []int{443}
	for _, text := range list {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			p.add("%s: %q is not a port like 8443", name, text)
			continue
		}
		out = append(out, int(n))
	}
	return out
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
