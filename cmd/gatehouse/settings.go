package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caarlos0/env/v11"
)

// settings is everything that the environment says; docs/configuration.md explains it. Nothing that is secret has a default.
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
	InternalHosts    []string `env:"GATEHOUSE_INTERNAL_HOSTS"`
	IDPNetworks      []string `env:"GATEHOUSE_IDP_NETWORKS"`
	IDPPorts         []string `env:"GATEHOUSE_IDP_PORTS"`
	EgressProxy      string   `env:"GATEHOUSE_EGRESS_PROXY"`
	DNSResolver      string   `env:"GATEHOUSE_DNS_RESOLVER"`
	RedisURL         string   `env:"GATEHOUSE_REDIS_URL"`
	HealthcheckURL   string   `env:"GATEHOUSE_HEALTHCHECK_URL" envDefault:"http://127.0.0.1:8080/readyz"`
	DecisionSample   string   `env:"GATEHOUSE_DECISION_SAMPLE" envDefault:"100"`
	DatabaseMaxConns string   `env:"GATEHOUSE_DATABASE_MAX_CONNS" envDefault:"10"`
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
