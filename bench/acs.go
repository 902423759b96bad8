package main

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	crewjam "github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Each round signs this many known members in.
const assertions = 60

// acs measures what happens between the browser's post to the assertion consumer service and the session: our own reading, checking and
// mapping of the response beside crewjam's ParseXMLResponse of the same document, by the processor time that the process was given; and the
// whole of it with its transactions on a Postgres that syncs.
func (w *world) acs(ctx context.Context, l load) ([]Row, error) {
	p, err := w.party(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up a SAML connection: %w", err)
	}
	defer p.db.Close()
	var ours, theirs, whole, perSecond []float64
	for range l.rounds {
		visits, err := p.visits(ctx)
		if err != nil {
			return nil, err
		}
		a, err := each(visits, p.verify)
		if err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		b, err := each(visits, p.crewjam)
		if err != nil {
			return nil, fmt.Errorf("crewjam: %w", err)
		}
		begin := time.Now()
		c, err := each(visits, p.finish)
		if err != nil {
			return nil, fmt.Errorf("finish: %w", err)
		}
		ours, theirs, whole = append(ours, a), append(theirs, b), append(whole, c)
		perSecond = append(perSecond, assertions/time.Since(begin).Seconds())
	}
	ratio := median(ours) / median(theirs)
	return []Row{
		{Name: "crewjam ParseXMLResponse", Value: median(theirs), Unit: "ms CPU", Met: true},
		{Name: "SAML response: gate, parse, verify, map", Value: median(ours), Unit: "ms CPU", Ratio: ratio, Target: "≤ 1.3 × crewjam", Met: ratio <= 1.3},
		{Name: "ACS to session, transactions included", Value: median(whole), Unit: "ms CPU", Ratio: median(whole) / median(theirs), Met: true},
		{Name: "ACS to session, one at a time, fsync on", Value: median(perSecond), Unit: "logins/s", Met: true},
	}, nil
}

// party is both sides of one SAML connection.
type party struct {
	db         *db.DB
	signIn     *sso.SignIn
	provider   *saml.Provider
	tenant     tenants.Tenant
	connection sso.Connection
	key        *samlforge.Key
	theirs     crewjam.ServiceProvider
	visitors   int
}

const benchIdP = "https://idp.bench.example/metadata"

func (w *world) party(ctx context.Context) (*party, error) {
	now := time.Now()
	key, err := samlforge.NewKey(samlforge.RSA2048, now.Add(-time.Hour), now.Add(365*24*time.Hour))
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	p := &party{key: key}
	if p.db, err = db.Open(ctx, db.Config{URL: w.database, MaxConns: 8}); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if p.provider, err = saml.New(saml.Config{Guard: netguard.New(netguard.Policy{})}); err != nil {
		return nil, err
	}
	if err := p.assemble(ctx, w); err != nil {
		return nil, err
	}
	ctx = authn.AsOperator(ctx)
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Cert.Raw}))
	prepared, err := p.signIn.Prepare(ctx, sso.Draft{Protocol: sso.ProtocolSAML, Name: "Bench", JIT: true, DefaultRole: rbac.Member, SAML: &sso.SAMLDraft{
		EntityID: benchIdP, SSOURL: "https://idp.bench.example/sso", Certificates: cert,
	}})
	if err != nil {
		return nil, fmt.Errorf("prepare the connection: %w", err)
	}
	err = p.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		p.tenant, _, err = tenants.Create(ctx, sys, tx, tenants.New{Slug: "bench-saml", Name: "Bench", Plan: billing.Enterprise, Owner: "o@bench.example"})
		if err != nil {
			return err
		}
		if _, err = tenants.AddDomain(ctx, tx, "bench.example"); err != nil {
			return err
		}
		if _, err = tenants.VerifyDomain(ctx, sys, tx, "bench.example"); err != nil {
			return err
		}
		if p.connection, err = p.signIn.Create(ctx, sys, tx, prepared); err != nil {
			return err
		}
		p.connection, err = p.signIn.Move(ctx, tx, p.connection.ID, sso.Optional)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create the tenant: %w", err)
	}
	return p, p.describe()
}

func (p *party) assemble(ctx context.Context, w *world) error {
	ring, err := secret.DevKeyring(w.master)
	if err != nil {
		return err
	}
	rootKey, err := base64.StdEncoding.DecodeString(w.root)
	if err != nil {
		return fmt.Errorf("read the root secret: %w", err)
	}
	root := secret.Root(rootKey)
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: p.db, Keyring: ring})
	if err != nil {
		return err
	}
	if err := keys.Ensure(ctx); err != nil {
		return err
	}
	issue, err := sessions.New(sessions.Config{Keys: keys, Root: root, Issuer: w.url})
	if err != nil {
		return err
	}
	p.signIn, err = sso.New(sso.Config{
		DB: p.db, Keyring: ring, Root: root, Sessions: issue, OIDC: p.provider, SAML: p.provider, SAMLKey: metadata.NewKey, BaseURL: w.url,
	})
	return err
}

// describe makes crewjam's service provider know the same as ours.
func (p *party) describe() error {
	acs, err := url.Parse(p.signIn.CallbackURL(p.connection))
	if err != nil {
		return fmt.Errorf("read the address: %w", err)
	}
	idp := crewjam.EntityDescriptor{EntityID: benchIdP, IDPSSODescriptors: []crewjam.IDPSSODescriptor{{
		SSODescriptor: crewjam.SSODescriptor{RoleDescriptor: crewjam.RoleDescriptor{KeyDescriptors: []crewjam.KeyDescriptor{{
			Use: "signing", KeyInfo: crewjam.KeyInfo{XMLName: xml.Name{}, X509Data: crewjam.X509Data{X509Certificates: []crewjam.X509Certificate{{
				Data: base64.StdEncoding.EncodeToString(p.key.Cert.Raw),
			}}}},
		}}}},
	}}}
	p.theirs = crewjam.ServiceProvider{EntityID: p.signIn.EntityID(p.connection.ID), AcsURL: *acs, IDPMetadata: &idp}
	return nil
}

// visit is a sign-in that has come back to us.
type visit struct {
	redirect sso.Redirect
	request  string // id of the AuthnRequest
	state    string
	document []byte
	attempt  sso.Attempt
}

// visits begins sign-ins of one known member, each from an address of its own.
func (p *party) visits(ctx context.Context) ([]visit, error) {
	var list []visit
	for range assertions {
		p.visitors++
		from := authn.WithOrigin(ctx, authn.Origin{RequestID: "bench", Address: fmt.Sprintf("10.%d.%d.1", p.visitors/250, p.visitors%250)})
		to, err := p.signIn.Begin(from, sso.Start{Slug: p.tenant.Slug, Connection: p.connection.ID})
		if err != nil {
			return nil, fmt.Errorf("begin: %w", err)
		}
		asked, err := samlforge.ReadRedirect(to.URL)
		if err != nil {
			return nil, err
		}
		v := visit{redirect: to, request: asked.RequestID, state: asked.RelayState}
		now := time.Now()
		v.document, err = samlforge.Response(samlforge.Options{
			IdP: benchIdP, SP: p.signIn.EntityID(p.connection.ID), ACS: p.signIn.CallbackURL(p.connection), InResponseTo: v.request, Now: now, Key: p.key,
			SessionIndex: "_s", Subject: samlforge.Person{
				NameID: samlforge.NameID{Value: "mia", Format: samlforge.Persistent},
				Attributes: []samlforge.Attribute{
					{Name: "email", Values: []string{"mia@bench.example"}},
					{Name: "displayName", Values: []string{"Mia"}},
					{Name: "groups", Values: []string{"staff", "engineering", "oncall", "berlin", "vpn", "wiki", "crm", "board", "office", "all"}},
				},
			},
		})
		if err != nil {
			return nil, fmt.Errorf("answer: %w", err)
		}
		v.attempt = sso.Attempt{
			Purpose: sso.ForSignIn, Connection: p.connection, RedirectURI: p.signIn.CallbackURL(p.connection), EntityID: p.signIn.EntityID(p.connection.ID),
			RequestID: v.request, State: v.state, CreatedAt: now.Add(-time.Second), Now: now, Trail: &sso.Trail{},
		}
		list = append(list, v)
	}
	return list, nil
}

func (v visit) post(ctx context.Context, to string) *http.Request {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(v.document)}, "RelayState": {v.state}}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: v.redirect.CookieName, Value: v.redirect.CookieValue}) //nolint:gosec // a browser sends no attributes
	return r
}

func (p *party) verify(v visit) error {
	r := v.post(context.Background(), v.attempt.RedirectURI)
	if _, err := p.provider.State(r); err != nil {
		return err
	}
	who, err := p.provider.Finish(context.Background(), r, v.attempt)
	if err == nil && who.Subject != "mia" {
		err = errors.New("somebody else came in")
	}
	return err
}

func (p *party) crewjam(v visit) error {
	_, err := p.theirs.ParseXMLResponse(v.document, []string{v.request}, p.theirs.AcsURL)
	return err //nolint:wrapcheck // a baseline
}

func (p *party) finish(v visit) error {
	ctx := authn.WithOrigin(context.Background(), authn.Origin{RequestID: "bench", Address: "10.0.0.1"})
	result, err := p.signIn.Finish(ctx, v.post(ctx, v.attempt.RedirectURI), sso.ProtocolSAML, p.connection.ID)
	if err == nil && result.Issued.Access == "" {
		err = errors.New("nobody came in")
	}
	return err
}

// each does something with every visit and returns the milliseconds of processor time that one took.
func each(visits []visit, do func(visit) error) (float64, error) {
	before, err := processor()
	if err != nil {
		return 0, err
	}
	for _, v := range visits {
		if err := do(v); err != nil {
			return 0, err
		}
	}
	after, err := processor()
	return float64(after-before) / float64(time.Millisecond) / float64(len(visits)), err
}

func processor() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
