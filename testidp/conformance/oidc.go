package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

const (
	clientID     = "gatehouse-conformance"
	clientSecret = "a secret of nobody"
)

// oidcTenants is in how many tenants the attacks on OpenID Connect go on at once.
const oidcTenants = 3

// playOIDC plays every named lie of an OpenID Provider, each with a provider of its own: nothing that is remembered of one can help or hurt
// the next.
func (s *suite) playOIDC(ctx context.Context) error {
	server, stop, err := s.Providers()
	if err != nil {
		return err
	}
	defer stop()
	reached, err := s.reaches(ctx, server)
	if err != nil || !reached {
		return err
	}
	var usual, hostile []testidp.Scenario
	for _, one := range testidp.Scenarios() {
		switch {
		case one.Stage == testidp.InUserInfo || strings.HasSuffix(one.ID, "-userinfo") && one.Stage == testidp.InTransport:
			// The userinfo endpoint is asked only where ID tokens lack the address; the project's own tests play these.
		case one.ID == "OIDC-105-keys":
			// Whoever looks whether the key set has moved has to read it, and this one is the canary.
		case one.Stage == testidp.InTransport:
			hostile = append(hostile, one)
		default:
			usual = append(usual, one)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range oidcTenants {
		group.Go(func() error { return s.playLies(ctx, server, i, usual) })
	}
	group.Go(func() error { return s.playCallbacks(ctx, server) })
	if s.OneAddress {
		s.skip(Connections, "providers that hang or flood need an address each, since theirs is avoided afterwards")
	} else {
		group.Go(func() error { return s.playHostile(ctx, hostile) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.record(canary(server))
	return nil
}

// canary says whether something was called that no provider may make anybody call.
func canary(server *testidp.Server) Result {
	r := Result{Area: Connections, ID: "CANARY", Title: "an address that hostile providers point at is never called", Expect: samlforge.Refuse, Verdict: Refused}
	if n := server.CanaryHits(); n > 0 {
		r.Verdict, r.Problem = Failed, fmt.Sprintf("it was called %d times", n)
	}
	return r
}

// reaches finds out whether the installation can talk to a provider of ours at all.
func (s *suite) reaches(ctx context.Context, server *testidp.Server) (bool, error) {
	st, err := s.stand(ctx)
	if err != nil {
		return false, err
	}
	defer st.browser.close()
	_, err = st.oidcStand(ctx, server, testidp.Issuer{Name: "reach", Algorithm: testidp.ES256})
	if no, ok := errors.AsType[*refusal](err); ok {
		s.skip(Discovery, fmt.Sprintf("the installation does not reach a provider at %s (%s); see --provider-url", server.URL(), no.code))
		return false, nil
	}
	return err == nil, err
}

// playLies plays every oidcTenants-th scenario, in a tenant of its own.
func (s *suite) playLies(ctx context.Context, server *testidp.Server, first int, list []testidp.Scenario) error {
	st, err := s.stand(ctx)
	if err != nil {
		return err
	}
	defer st.browser.close()
	for i := first; i < len(list); i += oidcTenants {
		if err := st.lie(ctx, server, list[i], fmt.Sprintf("lie-%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// playHostile gives each hostile network answer an address of its own.
func (s *suite) playHostile(ctx context.Context, list []testidp.Scenario) error {
	st, err := s.stand(ctx)
	if err != nil {
		return err
	}
	defer st.browser.close()
	group, inGroup := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	var number atomic.Int32
	for _, one := range list {
		tenant, err := s.stand(ctx)
		if err != nil {
			return err
		}
		group.Go(func() error {
			defer tenant.browser.close()
			server, stop, err := s.Providers()
			if err != nil {
				return err
			}
			defer stop()
			if err := tenant.lie(inGroup, server, one, fmt.Sprintf("hostile-%d", number.Add(1))); err != nil {
				return err
			}
			if r := canary(server); r.Verdict == Failed {
				r.Variant = one.ID
				s.record(r)
			}
			return nil
		})
	}
	return group.Wait()
}

// oidcStand is a connection to a provider of ours.
type oidcStand struct {
	*stand
	connection connection
	provider   *testidp.Provider
}

func (st *stand) oidcStand(ctx context.Context, server *testidp.Server, issuer testidp.Issuer) (*oidcStand, error) {
	provider, err := server.AddIssuer(issuer)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what it is
	}
	return st.connectTo(ctx, provider)
}

func (st *stand) connectTo(ctx context.Context, p *testidp.Provider) (*oidcStand, error) {
	if err := p.AddClient(testidp.Client{ID: clientID, Secret: clientSecret}); err != nil {
		return nil, err //nolint:wrapcheck // says what it is
	}
	c, err := st.connect(ctx, map[string]any{"name": "Conformance", "issuer": p.URL(), "client_id": clientID, "client_secret": clientSecret})
	if err != nil {
		return nil, err
	}
	// Now the redirect URI is known, which may be on a public host.
	err = p.AddClient(testidp.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{c.RedirectURI}})
	return &oidcStand{stand: st, connection: c, provider: p}, err //nolint:wrapcheck // says what it is
}

// lie plays one scenario with a provider and a person of its own.
func (st *stand) lie(ctx context.Context, server *testidp.Server, one testidp.Scenario, name string) error {
	issuer := testidp.Issuer{Name: name + "-" + strings.ToLower(st.tenant.Slug), Users: []testidp.User{{
		Login: name, Subject: "sub-" + name, Email: st.email(name), EmailVerified: true, Name: name,
	}}}
	if one.ID == "OIDC-044-curve" || one.ID == "OIDC-044-point" { // else the algorithm is refused before the key
		issuer.Algorithm = testidp.ES256
	}
	if len(issuer.Name) > 63 {
		issuer.Name = issuer.Name[:63]
	}
	provider, err := server.AddIssuer(issuer)
	if err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	early := one.Stage == testidp.InDiscovery || one.Stage == testidp.InTransport
	moved := strings.HasPrefix(one.ID, "OIDC-105")
	if early && !moved {
		if err := provider.Play(one.ID); err != nil {
			return err //nolint:wrapcheck // says what it is
		}
	}
	at, err := st.connectTo(ctx, provider)
	if no, ok := errors.AsType[*refusal](err); ok && early && !moved {
		st.configured(one, no.status, no.code)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", one.ID, err)
	}
	if err := provider.Play(one.ID); err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	switch {
	case moved: // endpoints that move after the connection was saved
		err := st.call(ctx, http.MethodPatch, "/v1/connections/"+at.connection.ID, map[string]any{"name": "Conformance 2"}, nil)
		if no, ok := errors.AsType[*refusal](err); ok {
			st.configured(one, no.status, no.code)
			return nil
		}
		if err == nil {
			st.configured(one, http.StatusOK, "")
		}
		return err
	case one.Stage == testidp.InDiscovery && one.Outcome != testidp.Refuse:
		st.configured(one, http.StatusCreated, "")
		return nil
	}
	a := attack{
		area: areaOfStage(one.Stage), id: one.ID, title: one.Title, expect: dueOf(one), honest: Honest{st.email(name), st.tenant.Slug}, persons: true,
		play: at.signIn(name),
	}
	if one.ID == "OIDC-076" { // whose person has to be known
		a.prepare = func(ctx context.Context, _ *visit) error {
			provider.Behave()
			if _, err := at.signIn(name)(ctx, st.browser.visit()); err != nil {
				return err
			}
			return provider.Play(one.ID) //nolint:wrapcheck // says what it is
		}
	}
	return st.try(ctx, a)
}

// dueOf is the outcome of a scenario here. RFC 7519 lets times have fractions; no provider sends them, and who is stricter harms nobody.
func dueOf(one testidp.Scenario) Outcome {
	if one.ID == "OIDC-053-float" {
		return samlforge.Limit
	}
	return Outcome(one.Outcome)
}

func (st *stand) configured(one testidp.Scenario, status int, code string) {
	r := Result{Area: areaOfStage(one.Stage), ID: one.ID, Title: one.Title, Expect: Outcome(one.Outcome), Status: status, Code: code}
	r.settle()
	st.record(r)
}

// signIn plays a sign-in of somebody, with whatever the provider says.
func (st *oidcStand) signIn(login string) func(context.Context, *visit) (answer, error) {
	return func(ctx context.Context, v *visit) (answer, error) {
		back, err := st.answered(ctx, v, login)
		if err != nil {
			return answer{}, err
		}
		return v.get(ctx, back)
	}
}

// answered begins a sign-in and has the provider answer it; it returns where the browser is sent to.
func (st *oidcStand) answered(ctx context.Context, v *visit, login string) (string, error) {
	target := st.base.String() + "/login/" + st.tenant.Slug
	a, err := v.form(ctx, target, url.Values{"connection": {st.connection.ID}}, st.base.Scheme+"://"+st.base.Host)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusSeeOther {
		return "", fmt.Errorf("a sign-in does not start: %d %s", a.status, a.code)
	}
	back, err := st.provider.Authorize(ctx, a.location, login)
	if err != nil {
		return "", err //nolint:wrapcheck // says what it is
	}
	back, _, _ = strings.Cut(back, "#") // browsers keep it to themselves
	return back, nil
}
