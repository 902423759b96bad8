package realidp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// SAML is a running SAML identity provider.
type SAML struct {
	kind    Kind
	base    string
	tenants []string
	state   string

	mu sync.Mutex // guards the files that SimpleSAMLphp reads
}

// StartSimpleSAMLphp starts SimpleSAMLphp as the provider of one tenant and stops it when the test ends.
func StartSimpleSAMLphp(tb testing.TB, tenant string) *SAML {
	tb.Helper()
	return startSAML(tb, SimpleSAMLphp, tenant)
}

// StartSamlp starts Auth0's samlp with a provider for each tenant and stops it when the test ends.
func StartSamlp(tb testing.TB, tenants ...string) *SAML {
	tb.Helper()
	return startSAML(tb, Samlp, tenants...)
}

func startSAML(tb testing.TB, kind Kind, tenants ...string) *SAML {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute) // the first start downloads
	defer cancel()
	p, stop, err := LaunchSAML(ctx, kind, tenants...)
	if err != nil {
		tb.Fatalf("start %s: %v", kind, err)
	}
	tb.Cleanup(stop)
	return p
}

// LaunchSAML starts a provider for several tests, as [Launch] does. SimpleSAMLphp takes one tenant. No tenant means acme.
func LaunchSAML(ctx context.Context, kind Kind, tenants ...string) (*SAML, func(), error) {
	if len(tenants) == 0 {
		tenants = []string{"acme"}
	}
	if kind == SimpleSAMLphp && len(tenants) != 1 {
		return nil, nil, fmt.Errorf("SimpleSAMLphp is the provider of one tenant, not of %d", len(tenants))
	}
	proc, err := run(ctx, kind, Options{Tenants: tenants})
	if err != nil {
		return nil, nil, err
	}
	return &SAML{kind: kind, base: proc.base, tenants: tenants, state: proc.state}, proc.stop, nil
}

// EntityID is the entity ID of a tenant's provider.
func (p *SAML) EntityID(tenant string) string {
	if p.kind == SimpleSAMLphp {
		return p.base + "/idp/" + tenant
	}
	return p.MetadataURL(tenant)
}

// MetadataURL is where a tenant's provider publishes its metadata.
func (p *SAML) MetadataURL(tenant string) string {
	if p.kind == SimpleSAMLphp {
		return p.base + "/saml2/idp/metadata.php"
	}
	return p.base + "/t/" + tenant + "/metadata"
}

// Metadata is the metadata document that a tenant's provider publishes now.
func (p *SAML) Metadata(ctx context.Context, tenant string) ([]byte, error) {
	page, body, err := visit(ctx, p.client(nil), Redirect(p.MetadataURL(tenant)))
	if err != nil {
		return nil, fmt.Errorf("read metadata of %s: %w", p.kind, err)
	}
	if page.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metadata of %s: %s", p.kind, page.Status)
	}
	return []byte(body), nil
}

// Login carries an AuthnRequest to the provider, plays the person there, and returns the Response on its way to the
// service provider. The client's cookies are used and kept, so that a second call with it meets the session of the first
// and the person need not be the one that is asked for; its redirect policy is not used. A client without a jar, or nil,
// is a new browser.
func (p *SAML) Login(ctx context.Context, client *http.Client, request Delivery, login string) (Delivery, error) {
	d, err := p.send(ctx, client, request, login)
	if err == nil && d.Method == "" {
		err = errors.New("no response")
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("sign in to %s as %s: %w", p.kind, login, err)
	}
	return d, nil
}

// InitiateLogin signs a person in at the provider without an AuthnRequest and returns the unsolicited Response. An empty
// relayState is none at samlp; SimpleSAMLphp sends none either.
func (p *SAML) InitiateLogin(ctx context.Context, client *http.Client, to InitiatedLogin) (Delivery, error) {
	query := url.Values{}
	if to.RelayState != "" {
		query.Set("RelayState", to.RelayState)
	}
	path := "/t/" + to.Tenant + "/init"
	if p.kind == SimpleSAMLphp {
		path = "/saml2/idp/SSOService.php"
		query.Set("spentityid", to.EntityID)
	} else {
		query.Set("sp", to.EntityID)
	}
	return p.Login(ctx, client, Redirect(p.base+path+"?"+query.Encode()), to.Login)
}

// InitiatedLogin says who signs in where.
type InitiatedLogin struct {
	Tenant     string // whose provider
	EntityID   string // of the service provider
	RelayState string // none if empty
	Login      string
}

// Logout carries a LogoutRequest or LogoutResponse of the service provider to the provider, in the browser that signed
// in, and returns what the provider sends next. The zero Delivery is its last page.
func (p *SAML) Logout(ctx context.Context, client *http.Client, message Delivery) (Delivery, error) {
	d, err := p.send(ctx, client, message, "")
	if err != nil {
		return Delivery{}, fmt.Errorf("log out at %s: %w", p.kind, err)
	}
	return d, nil
}

// InitiateLogout starts a single logout at the provider, in the browser that signed in, and returns the LogoutRequest for
// the first service provider of the session. The zero Delivery says that there is none.
func (p *SAML) InitiateLogout(ctx context.Context, client *http.Client, tenant string) (Delivery, error) {
	address := p.base + "/t/" + tenant + "/slo"
	if p.kind == SimpleSAMLphp {
		address = p.base + "/saml2/idp/initSLO.php?RelayState=" + url.QueryEscape(p.base+"/logout.php")
	}
	return p.Logout(ctx, client, Redirect(address))
}

func (p *SAML) send(ctx context.Context, client *http.Client, d Delivery, login string) (Delivery, error) {
	if !strings.HasPrefix(d.URL, p.base+"/") {
		return Delivery{}, fmt.Errorf("%q is not at %s", d.URL, p.base)
	}
	return walk(ctx, p.client(client), p.base, d, login)
}

func (p *SAML) client(client *http.Client) *http.Client {
	browser := withCookies(client)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return browser
}
