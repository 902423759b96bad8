package sso_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const days = 24 * time.Hour

// speakSAML makes sign-in speak SAML as it does in production.
func (w *world) speakSAML(tb testing.TB) {
	tb.Helper()
	guard := netguard.NewDev(netguard.Policy{BreakerFailures: 1000})
	tb.Cleanup(guard.CloseIdleConnections)
	provider, err := saml.New(saml.Config{Guard: guard})
	must(tb, err)
	w.signIn = w.newSignIn(tb, func(cfg *sso.Config) { cfg.SAML, cfg.SAMLKey = provider, metadata.NewKey })
}

// federated is a company whose connection reads the metadata of a SAML provider from its address.
func (w *world) federated(tb testing.TB, changes ...func(*company, *sso.SAMLDraft)) *company {
	tb.Helper()
	c := w.companyWith(tb, testidp.Issuer{Algorithm: testidp.ES256, SAMLKey: samlforge.P256, SignedMetadata: true})
	d := &sso.SAMLDraft{MetadataURL: c.idp.EntityID()}
	for _, change := range changes {
		change(c, d)
	}
	c.connection = c.connect(tb, sso.Draft{Protocol: sso.ProtocolSAML, Name: "SAML", SAML: d, DefaultRole: rbac.Member})
	return c
}

// pinned holds the metadata to the key that signs it.
func pinned(tb testing.TB) func(*company, *sso.SAMLDraft) {
	tb.Helper()
	return func(c *company, d *sso.SAMLDraft) {
		key, err := c.idp.MetadataKey()
		must(tb, err)
		d.PinnedKey = fingerprintOf(key.Cert)
	}
}

// reload reads the connection as it is now.
func (c *company) reload(tb testing.TB) sso.Connection {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		c.connection, err = sso.ConnectionByID(ctx, tx, c.connection.ID)
		return err
	})
	return c.connection
}

// refresh lets so much time pass that the metadata is read again, and returns the connection as it is then.
func (c *company) refresh(tb testing.TB) sso.Connection {
	tb.Helper()
	c.ahead.Add(int64(25 * time.Hour))
	must(tb, c.signIn.RefreshMetadata(tb.Context()))
	return c.reload(tb)
}

// acting works in the company's tenant as a member of it.
func (c *company) acting(tb testing.TB, role rbac.Role, do func(context.Context, *db.TenantTx) error) error {
	tb.Helper()
	now := time.Now().Add(time.Duration(c.ahead.Load()))
	p := &authn.Principal{Kind: authn.Member, Tenant: c.tenant.ID, Membership: c.owner.ID, Role: string(role), Email: "somebody@" + c.domain, AuthTime: now}
	ctx := authn.With(tb.Context(), p)
	return c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error { return do(ctx, tx) })
}

func (c *company) recorded(tb testing.TB, kind string) (n int) {
	tb.Helper()
	must(tb, c.admin.QueryRow(tb.Context(), "SELECT count(*) FROM events WHERE tenant_id::text = $1 AND type = $2", c.tenant.ID.UUID().String(), kind).Scan(&n))
	return n
}

// certs says which certificates there are: those that wait have a question mark.
func certs(c sso.Connection) (list []string) {
	for _, cert := range c.SAML.Certificates {
		name := cert.Fingerprint
		if cert.Pending {
			name += "?"
		}
		list = append(list, name)
	}
	return list
}

func fingerprintOf(cert *x509.Certificate) string {
	return sso.ConnectionKey{Certificate: cert.Raw}.Fingerprint()
}

func signing(tb testing.TB, p *testidp.Provider) string {
	tb.Helper()
	key, err := p.SAMLKey()
	must(tb, err)
	return fingerprintOf(key.Cert)
}

func TestSAML_162_ANewKeyWaitsForAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c, other := w.federated(t), w.federated(t)
	before, notices := c.connection, w.notices(t, c)
	old := signing(t, c.idp)
	key, err := c.idp.AnnounceSAMLKey()
	must(t, err)
	next := fingerprintOf(key.Cert)

	now := c.refresh(t)
	if diff := cmp.Diff([]string{old, next + "?"}, certs(now)); diff != "" {
		t.Fatalf("certificates after a refresh (-want +got):\n%s", diff)
	}
	if now.Version != before.Version || now.WatchedUntil != nil && before.WatchedUntil == nil {
		t.Errorf("version = %d, want %d: nothing has changed about who comes in", now.Version, before.Version)
	}
	c.refresh(t)
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("owners were told %d times of a key that waits, want once", n)
	}
	if n := c.recorded(t, "connection.certificate_found"); n != 1 {
		t.Errorf("%d events of a found certificate, want 1", n)
	}
	approve := func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.ApproveCertificate(ctx, tx, c.connection.ID, next)
		return err
	}
	if err := c.acting(t, rbac.Admin, approve); !errors.Is(err, tenants.ErrOwnerRequired) {
		t.Errorf("an administrator approves = %v, want %v", err, tenants.ErrOwnerRequired)
	}
	if err := other.acting(t, rbac.Owner, approve); errs.As(err).Kind != errs.Missing {
		t.Errorf("another tenant's owner approves = %v, want not found", err)
	}
	must(t, c.acting(t, rbac.Owner, approve))
	must(t, c.acting(t, rbac.Owner, approve)) // again: nothing happens
	if diff := cmp.Diff([]string{old, next}, certs(c.reload(t))); diff != "" {
		t.Errorf("certificates after the approval (-want +got):\n%s", diff)
	}
	if c.connection.Version != before.Version+1 || c.recorded(t, "connection.certificate_added") != 1 || c.connection.WatchedUntil != nil {
		t.Errorf("version = %d, watched until %v, want %d, one event and no watch: one certificate more keeps nobody out",
			c.connection.Version, c.connection.WatchedUntil, before.Version+1)
	}
}

// TestSAML_162_AHijackedAddressIsNotFollowed: whoever controls the address of the metadata gets nobody in, and keeps nobody out.
func TestSAML_162_AHijackedAddressIsNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	before := c.connection
	attacker, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	must(t, err)
	c.idp.Misbehave(testidp.Fault{Metadata: func(o *samlforge.MetadataOptions) {
		o.Signing, o.Key = []*x509.Certificate{attacker.Cert}, attacker
		o.SSO = []samlforge.Endpoint{{Binding: samlforge.RedirectBinding, Location: "https://evil.test/sso"}}
	}})
	for range 3 {
		c.refresh(t)
	}
	if diff := cmp.Diff([]string{signing(t, c.idp), fingerprintOf(attacker.Cert) + "?"}, certs(c.connection)); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.SAML.SSO, c.connection.SAML.SSO); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	if got := c.connection.SAML.Metadata.Problem; got != "endpoints_changed" {
		t.Errorf("problem = %q, want endpoints_changed", got)
	}
	// Once it is declined, it stays away although the metadata still lists it.
	must(t, c.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.RemoveCertificate(ctx, tx, c.connection.ID, fingerprintOf(attacker.Cert))
		return err
	}))
	c.refresh(t)
	if diff := cmp.Diff([]string{signing(t, c.idp)}, certs(c.connection)); diff != "" {
		t.Errorf("certificates after one was declined (-want +got):\n%s", diff)
	}
}

func TestSAML_162_SignedMetadataIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t, pinned(t))
	old, notices := signing(t, c.idp), w.notices(t, c)
	key, err := c.idp.AnnounceSAMLKey()
	must(t, err)
	next := fingerprintOf(key.Cert)
	version := c.connection.Version
	if diff := cmp.Diff([]string{old, next}, certs(c.refresh(t))); diff != "" {
		t.Fatalf("certificates after a refresh (-want +got):\n%s", diff)
	}
	if c.connection.Version != version+1 || w.notices(t, c) != notices+1 || c.recorded(t, "connection.certificate_added") != 1 {
		t.Errorf("version = %d with %d notices, want the next version and one notice", c.connection.Version, w.notices(t, c)-notices)
	}
	// The provider has switched. The new key has been trusted for a day by now, so the old one goes; the last one never does.
	must(t, c.idp.RotateSAML(true))
	if diff := cmp.Diff([]string{next}, certs(c.refresh(t))); diff != "" {
		t.Errorf("certificates after the switch (-want +got):\n%s", diff)
	}
	must(t, c.idp.RotateSAML(true))
	if got := certs(c.refresh(t)); len(got) != 2 || got[0] != next {
		t.Errorf("certificates after a switch that was not announced = %v, want the old one and the new one", got)
	}
}

func TestSAML_158_159_MetadataThatCannotBeTrustedIsNotFollowed(t *testing.T) {
	t.Parallel()
	stranger, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	must(t, err)
	evil := func(o *samlforge.MetadataOptions) { o.Signing = []*x509.Certificate{stranger.Cert} }
	for name, fault := range map[string]testidp.Fault{
		"metadata_untrusted, by nobody":   {Metadata: func(o *samlforge.MetadataOptions) { evil(o); o.Key = nil }},
		"metadata_untrusted, by somebody": {Metadata: func(o *samlforge.MetadataOptions) { evil(o); o.Key = stranger }},
		"metadata_unsigned, with the key listed": {Metadata: func(o *samlforge.MetadataOptions) {
			evil(o)
			o.Signing, o.Key = append(o.Signing, o.Key.Cert), nil
		}},
		"metadata_expired":  {Metadata: func(o *samlforge.MetadataOptions) { evil(o); o.ValidUntil = time.Now().Add(-time.Minute) }},
		"entity_id_changed": {Metadata: func(o *samlforge.MetadataOptions) { evil(o); o.EntityID = "https://evil.test" }},
		"not_metadata": {Metadata: func(o *samlforge.MetadataOptions) {
			o.Wire = func([]byte) []byte { return []byte("<html>Sign in</html>") }
		}},
		"endpoint_refused": {Metadata: func(o *samlforge.MetadataOptions) {
			evil(o)
			o.SSO[0].Location = "javascript:alert(1)"
		}},
	} {
		problem, _, _ := strings.Cut(name, ",")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.speakSAML(t)
			c := w.federated(t, pinned(t))
			before, notices := c.connection, w.notices(t, c)
			c.idp.Misbehave(fault)
			for range 3 {
				c.refresh(t)
			}
			m := c.connection.SAML.Metadata
			if m.Problem != problem || m.Failures != 3 {
				t.Errorf("after three refreshes the problem is %q (%d failures), want %s", m.Problem, m.Failures, problem)
			}
			if diff := cmp.Diff(certs(before), certs(c.connection)); diff != "" || c.connection.Version != before.Version {
				t.Errorf("certificates (-want +got):\n%s", diff)
			}
			if n := w.notices(t, c) - notices; n < 1 || n > 2 { // the three days may be of two weeks
				t.Errorf("owners were told %d times, want once a week", n)
			}
			if n := c.recorded(t, "connection.metadata_not_followed"); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
			c.ahead.Add(int64(8 * days))
			told := w.notices(t, c)
			c.refresh(t)
			if n := w.notices(t, c) - told; n != 1 {
				t.Errorf("in the week after that owners were told %d times, want once", n)
			}
			c.idp.Behave()
			if m := c.refresh(t).SAML.Metadata; m.Problem != "" || m.Failures != 0 {
				t.Errorf("once the provider behaves the problem is %q", m.Problem)
			}
		})
	}
}

func TestSAML_156_AProviderThatIsAwayIsAskedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	notices := w.notices(t, c)
	c.idp.Misbehave(testidp.Fault{Replies: map[testidp.Endpoint]testidp.Reply{testidp.SAMLMetadata: {Status: 503}}})
	c.refresh(t)
	for i, wait := range []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		m := c.reload(t).SAML.Metadata
		if got := m.NextRefresh.Sub(m.RefreshedAt).Round(time.Minute); got != wait || m.Failures != i+1 || m.Problem != "unreachable" {
			t.Fatalf("after failure %d (%s) the next refresh is in %v, want %v", m.Failures, m.Problem, got, wait)
		}
		if told := w.notices(t, c) - notices; i < 2 && told != 0 || i == 2 && told != 1 {
			t.Errorf("after failure %d owners were told %d times", i+1, told)
		}
		before := c.idp.Requests(testidp.SAMLMetadata)
		must(t, c.signIn.RefreshMetadata(t.Context()))
		if n := c.idp.Requests(testidp.SAMLMetadata) - before; n != 0 {
			t.Errorf("before its time the metadata was read %d times", n)
		}
		c.ahead.Add(int64(wait + time.Minute))
		must(t, c.signIn.RefreshMetadata(t.Context()))
	}
}

func TestInstancesRefreshOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	_, err := c.idp.AnnounceSAMLKey()
	must(t, err)
	before, notices := c.idp.Requests(testidp.SAMLMetadata), w.notices(t, c)
	c.ahead.Add(int64(25 * time.Hour))
	var all sync.WaitGroup
	for range 6 {
		instance := w.newSignIn(t, func(cfg *sso.Config) {
			p, err := saml.New(saml.Config{Guard: netguard.NewDev(netguard.Policy{})})
			must(t, err)
			cfg.SAML, cfg.SAMLKey = p, metadata.NewKey
		})
		all.Go(func() {
			if err := instance.RefreshMetadata(t.Context()); err != nil {
				t.Errorf("RefreshMetadata() = %v", err)
			}
		})
	}
	all.Wait()
	if n := c.idp.Requests(testidp.SAMLMetadata) - before; n != 1 {
		t.Errorf("six instances read the metadata %d times, want once", n)
	}
	if n := w.notices(t, c) - notices; n != 1 {
		t.Errorf("six instances told the owners %d times, want once", n)
	}
}

func TestARefreshDoesNotUndoAChangeOfTheMeantime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t, pinned(t))
	_, err := c.idp.AnnounceSAMLKey()
	must(t, err)
	ctx := authn.With(t.Context(), &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "admin"})
	f, err := c.signIn.Refetch(ctx, c.connection.ID)
	must(t, err)
	key, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	must(t, err)
	must(t, c.acting(t, rbac.Owner, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.AddCertificates(ctx, tx, c.connection.ID, pemOf(key.Cert))
		return err
	}))
	want := certs(c.reload(t))
	err = w.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := c.signIn.Refresh(ctx, tx, f)
		return err
	})
	if errs.CodeOf(err) != "try_again" {
		t.Errorf("Refresh() after another change = %v, want try_again", err)
	}
	if diff := cmp.Diff(want, certs(c.reload(t))); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	f, err = c.signIn.Refetch(ctx, c.connection.ID)
	must(t, err)
	must(t, w.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := c.signIn.Refresh(ctx, tx, f)
		return err
	}))
	if got := certs(c.reload(t)); len(got) != 3 || c.recorded(t, "connection.metadata_refreshed") != 1 {
		t.Errorf("certificates after a refresh = %v, want three", got)
	}
	// What was added by hand stays although no metadata lists it.
	must(t, c.idp.RotateSAML(true))
	if got := strings.Join(certs(c.refresh(t)), " "); !strings.Contains(got, fingerprintOf(key.Cert)) {
		t.Errorf("certificates = %s, want the one that was added by hand among them", got)
	}
}
