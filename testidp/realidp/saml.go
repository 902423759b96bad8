package realidp

import (
	"context"
	"fmt"
	"net/http"
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
	at, err := visit(ctx, p.client(nil), Redirect(p.MetadataURL(tenant)))
	if err != nil {
		return nil, fmt.Errorf("read metadata of %s: %w", p.kind, err)
	}
	if at.status != http.StatusOK {
		return nil, fmt.Errorf("read metadata of %s: status %d", p.kind, at.status)
	}
	return []byte(at.body), nil
}
