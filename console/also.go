package console

import (
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// wayTo is another page that a page leads to.
type wayTo struct{ Name, Text, Path string }

// besides are the pages beside the list of connections.
func (c *Console) besides(p *authn.Principal) []wayTo {
	ways := []wayTo{
		{"Set-up links", "Let somebody outside connect a provider", "/sso/setup-links"},
		{"Routing", "Over which connection who signs in", "/sso/routing"},
	}
	return append(ways, c.people(p)...)
}

// duties are the pages with which somebody looks after their organization; none for most people.
func (c *Console) duties(p *authn.Principal) []wayTo {
	var ways []wayTo
	if c.may(p, rbac.ConnectionsRead) {
		ways = append(ways, wayTo{"Single sign-on", "Providers, and how sign-ins go", "/sso"})
	}
	return append(ways, c.people(p)...)
}

func (c *Console) people(p *authn.Principal) (ways []wayTo) {
	if c.may(p, rbac.MembersWrite) {
		ways = append(ways, wayTo{"Members", "Who belongs here, and with which role", "/members"}, wayTo{"Invitations", "Ask people to join", "/invitations"})
	}
	if c.may(p, rbac.RolesRead) {
		ways = append(ways, wayTo{"Roles", "What people may do, and roles of your own", "/roles"})
	}
	if c.may(p, rbac.UsageRead) {
		ways = append(ways, wayTo{"Usage", "What was used, when and by whom", "/usage"})
	}
	return ways
}
