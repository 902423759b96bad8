package realidp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Options say what an OpenID Provider is started with.
type Options struct {
	// Tenants are the names of the issuers. Empty means one issuer, acme.
	Tenants []string
	// Redirects are the redirect URIs of the client web that every tenant has. More clients come by Register.
	Redirects []string
}

// Kind is an implementation of OpenID Connect or SAML.
type Kind string

// The kinds: the first two speak OpenID Connect and are for [Launch], the others speak SAML and are for [LaunchSAML].
const (
	OIDCProvider  Kind = "oidc-provider"
	Glewlwyd      Kind = "glewlwyd"
	SimpleSAMLphp Kind = "simplesamlphp"
	Samlp         Kind = "samlp"
)

// Provider is a running OpenID Provider.
type Provider struct {
	kind  Kind
	base  string
	admin *http.Client // signed in as the administrator, where there is one
}

// User is a person that a test adds.
type User struct {
	Login, Name, Email string
	EmailVerified      bool
}

// StartOIDCProvider starts panva's oidc-provider and stops it when the test ends.
func StartOIDCProvider(tb testing.TB, o Options) *Provider {
	tb.Helper()
	return start(tb, OIDCProvider, o)
}

// StartGlewlwyd starts Glewlwyd and stops it when the test ends.
func StartGlewlwyd(tb testing.TB, o Options) *Provider {
	tb.Helper()
	return start(tb, Glewlwyd, o)
}

func start(tb testing.TB, kind Kind, o Options) *Provider {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute) // the first start downloads
	defer cancel()
	p, stop, err := Launch(ctx, kind, o)
	if err != nil {
		tb.Fatalf("start %s: %v", kind, err)
	}
	tb.Cleanup(stop)
	return p
}

// Launch starts an OpenID Provider for several tests; ctx bounds the start only. The returned function stops the provider and
// removes what it wrote. A provider whose starter dies without stopping it ends by itself.
func Launch(ctx context.Context, kind Kind, o Options) (*Provider, func(), error) {
	if len(o.Tenants) == 0 {
		o.Tenants = []string{"acme"}
	}
	if len(o.Redirects) == 0 {
		o.Redirects = []string{"http://127.0.0.1:9/callback"}
	}
	proc, err := run(ctx, kind, o)
	if err != nil {
		return nil, nil, err
	}
	p := &Provider{kind: kind, base: proc.base}
	if kind == Glewlwyd {
		p.admin = withCookies(&http.Client{Timeout: 10 * time.Second})
		if err := p.call(ctx, p.admin, http.MethodPost, "/api/auth/", credentials{"admin", password}, nil); err != nil {
			proc.stop()
			return nil, nil, err
		}
	}
	return p, proc.stop, nil
}

// Issuer is the issuer identifier of a tenant.
func (p *Provider) Issuer(tenant string) string {
	if p.kind == Glewlwyd {
		return p.base + "/api/" + tenant
	}
	return p.base + "/t/" + tenant
}

// Client is the client that every tenant has from the start.
func (p *Provider) Client(tenant string) (id, secret string) {
	if p.kind == Glewlwyd {
		return "web", "secret-glewlwyd"
	}
	return "web", "secret-" + tenant
}

// Register makes a new confidential client of a tenant, which authenticates by client_secret_basic. Glewlwyd's clients
// and people belong to all its tenants.
func (p *Provider) Register(ctx context.Context, tenant, redirectURI string) (id, secret string, err error) {
	if p.kind == Glewlwyd {
		return p.registerGlewlwyd(ctx, redirectURI)
	}
	return p.registerPanva(ctx, tenant, redirectURI)
}

// AddUser adds a person; at Glewlwyd the password is "password". Adding a login again changes that person at
// oidc-provider and is an error at Glewlwyd.
func (p *Provider) AddUser(ctx context.Context, tenant string, u User) error {
	if p.kind == Glewlwyd {
		return p.addGlewlwydUser(ctx, u)
	}
	return p.call(ctx, &http.Client{Timeout: 10 * time.Second}, http.MethodPost, "/admin/"+tenant+"/user", map[string]any{
		"login": u.Login, "name": u.Name, "email": u.Email, "email_verified": u.EmailVerified,
	}, nil)
}

// Login plays the person from the authorization URL to the redirect that leaves the provider, and returns where that
// goes. The client's cookies are used and kept, so that a second call with it meets the session of the first; its redirect
// policy is not used. A client without a jar is a new browser.
func (p *Provider) Login(ctx context.Context, client *http.Client, authorizationURL, login string) (string, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil || !strings.HasPrefix(authorizationURL, p.base+"/") {
		return "", fmt.Errorf("authorization URL %q is not at %s", authorizationURL, p.base)
	}
	browser := withCookies(client)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var callback string
	if p.kind == Glewlwyd {
		callback, err = p.loginGlewlwyd(ctx, browser, u, login)
	} else {
		callback, err = p.loginPanva(ctx, browser, u, login)
	}
	if err != nil {
		return "", fmt.Errorf("sign in to %s as %s: %w", p.kind, login, err)
	}
	return callback, nil
}

func withCookies(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{}
	}
	browser := *client
	if browser.Jar == nil {
		browser.Jar, _ = cookiejar.New(nil) // fails never
	}
	return &browser
}
