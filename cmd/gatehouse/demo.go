package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// The demo tenants' client at the test providers.
const (
	demoClient = "gatehouse"
	demoSecret = "gatehouse-demo-secret"
)

// demoTenant is a tenant of `gatehouse dev`, with one person in every role.
type demoTenant struct {
	slug, name string
	plan       billing.Plan
	by         demoSignIn
	people     []demoPerson
}

// demoSignIn is how the people of a demo tenant sign in.
type demoSignIn string

const (
	byOIDC   demoSignIn = "OpenID Connect"
	bySAML   demoSignIn = "SAML"
	byGoogle demoSignIn = "Google"
)

type demoPerson struct {
	login, name string
	role        rbac.Role
}

func demoTenants() []demoTenant {
	return []demoTenant{
		{"acme", "Acme Corporation", billing.Enterprise, byOIDC, []demoPerson{
			{"olivia", "Olivia Acme", rbac.Owner}, {"adam", "Adam Acme", rbac.Admin}, {"mia", "Mia Acme", rbac.Member}, {"victor", "Victor Acme", rbac.Viewer},
		}},
		{"globex", "Globex", billing.Team, bySAML, []demoPerson{
			{"oscar", "Oscar Globex", rbac.Owner}, {"ada", "Ada Globex", rbac.Admin}, {"max", "Max Globex", rbac.Member}, {"vera", "Vera Globex", rbac.Viewer},
		}},
		{"initech", "Initech", billing.Free, byGoogle, []demoPerson{
			{"oona", "Oona Initech", rbac.Owner}, {"axel", "Axel Initech", rbac.Admin}, {"mona", "Mona Initech", rbac.Member}, {"vito", "Vito Initech", rbac.Viewer},
		}},
	}
}

func (t demoTenant) domain() string { return t.slug + ".example" }

// provider is the name of the tenant's issuer.
func (t demoTenant) provider() string {
	if t.by == byGoogle {
		return "google"
	}
	return t.slug
}

func (t demoTenant) subject(p demoPerson) string { return t.slug + "-" + p.login }

func (t demoTenant) email(p demoPerson) string { return p.login + "@" + t.domain() }

// users are the tenant's people as its provider knows them, with one who is no member yet and joins at the first sign-in.
func (t demoTenant) users() []testidp.User {
	var out []testidp.User
	for _, p := range append(t.people, demoPerson{login: "newcomer", name: "New Comer"}) {
		u := testidp.User{Login: p.login, Subject: t.subject(p), Email: t.email(p), EmailVerified: true, Name: p.name}
		if t.by == byGoogle {
			u.HostedDomain = t.domain()
		}
		out = append(out, u)
	}
	return out
}

// attemptsPath is where administrators see how sign-ins went.
const attemptsPath = "/sso/attempts"

// startProviders starts one issuer for each tenant that has its own, and one that stands for Google. Each offers a menu of failures, and
// leads back to base to try them.
func startProviders(addr, base string) (*testidp.Server, func(), error) {
	var issuers []testidp.Issuer
	for _, t := range demoTenants() {
		i := testidp.Issuer{Name: t.provider(), Users: t.users(), Links: []testidp.Link{
			{Name: "Sign in to " + t.name + ", and watch what the person sees", URL: base + "/login/" + t.slug},
			{Name: "Be honest again, sign in as " + t.email(t.people[0]) + ", and see what an owner sees of it", URL: base + attemptsPath},
		}}
		switch t.by {
		case bySAML:
			i.ServiceProviders = []testidp.ServiceProvider{{EntityID: base + "/*"}} // until the seed knows its connection
		case byGoogle:
			i.Profile = testidp.Google
			fallthrough
		case byOIDC:
			i.Clients = []testidp.Client{{ID: demoClient, Secret: demoSecret}}
		}
		issuers = append(issuers, i)
	}
	s, stop, err := testidp.Listen(addr, issuers...)
	if err != nil {
		return nil, nil, fmt.Errorf("start the test identity providers: %w", err)
	}
	return s, stop, nil
}

// announce says that the server is ready, and who can sign in. own is where it listens, with or without a proxy at the base URL.
func announce(c *cobra.Command, s settings, own string, idps *testidp.Server) error {
	if err := say(c, "gatehouse is ready at %s", s.BaseURL); err != nil || idps == nil {
		return err
	}
	var rows [][]string
	for _, t := range demoTenants() {
		for _, p := range t.people {
			rows = append(rows, []string{t.slug, string(t.plan), string(t.by), string(p.role), t.email(p)})
		}
	}
	if err := say(c, "\nSign in at %s/login with one of these addresses; the test provider asks for no password.\nWhere it says Google, use the button for it.\n", s.BaseURL); err != nil {
		return err
	}
	if err := table(c, []string{"TENANT", "PLAN", "SIGN-IN", "ROLE", "E-MAIL"}, rows); err != nil {
		return err
	}
	return say(c, "\n%s", strings.Join([]string{
		"newcomer@acme.example is no member yet and joins at the first sign-in.",
		"To watch sign-ins fail: " + idps.Provider("acme").URL() + "/scenario (OpenID Connect), " + idps.Provider("globex").URL() + "/scenario (SAML)",
		"API reference " + s.BaseURL + "/docs · outgoing mail http://" + own + mailPage + " · stop with Ctrl-C",
	}, "\n"))
}
