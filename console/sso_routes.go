package console

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// fresh is how long a sign-in counts as recent enough for what only a person at the keyboard may do.
const fresh = 5 * time.Minute

// acting is how often a person may push a button of these pages.
var acting = ratelimit.PerMinute(30)

// ssoRoutes are the pages on which administrators look after single sign-on.
func (c *Console) ssoRoutes() web.Table {
	return web.Table{
		web.Get("/sso", rbac.ConnectionsRead, web.Raw(c.listConnections)).SessionOnly().Doc("The organization's connections"),
		web.Get("/sso/attempts", rbac.ConnectionsRead, web.Raw(c.findAttempts)).SessionOnly().Doc("Sign-in attempts over all connections, and by trace id"),
		web.Get("/sso/attempts/{attempt}", rbac.ConnectionsRead, web.Raw(c.showAttempt)).SessionOnly().Doc("One sign-in attempt, with every check"),
		web.Post("/sso/attempts/{attempt}/document", rbac.ConnectionsRead, web.Raw(c.openDocument)).SessionOnly().StepUp(fresh).MaxBody(maxForm).Limit(acting).Doc("Open what the provider sent; for owners, within seven days"),
		web.Get("/sso/setup-links", rbac.ConnectionsRead, web.Raw(c.listSetupLinks)).SessionOnly().Doc("Links with which somebody outside sets up a connection"),
		web.Post("/sso/setup-links", rbac.ConnectionsWrite, web.Raw(c.makeSetupLink)).SessionOnly().StepUp(fresh).Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Make such a link, and show it once"),
		web.Post("/sso/setup-links/revoke", rbac.ConnectionsWrite, web.Raw(c.revokeSetupLink)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Revoke such a link, and what it opened, at once"),
		web.Get("/sso/routing", rbac.ConnectionsRead, web.Raw(c.showRouting)).SessionOnly().Doc("Over which connection people sign in"),
		web.Post("/sso/routing", rbac.ConnectionsWrite, web.Raw(c.addRule)).SessionOnly().Needs(billing.SSO).MaxBody(maxRule).Limit(acting).Doc("Add a routing rule"),
		web.Post("/sso/routing/move", rbac.ConnectionsWrite, web.Raw(c.moveRule)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Change the order of the routing rules"),
		web.Post("/sso/routing/remove", rbac.ConnectionsWrite, web.Raw(c.removeRule)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Take a routing rule away"),
		web.Get("/sso/{connection}", rbac.ConnectionsRead, web.Raw(c.showConnection)).SessionOnly().Doc("One connection"),
		web.Get("/sso/{connection}/attempts", rbac.ConnectionsRead, web.Raw(c.listAttempts)).SessionOnly().Doc("Sign-in attempts over one connection"),
		web.Post("/sso/{connection}/test", rbac.ConnectionsWrite, web.Raw(c.testConnection)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Try a sign-in that changes nothing"),
		web.Post("/sso/{connection}/state", rbac.ConnectionsWrite, web.Raw(c.moveConnection)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Let testers or everybody in, or make it the only way"),
		web.Post("/sso/{connection}/disable", rbac.ConnectionsWrite, web.Raw(c.disableConnection)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Let nobody in through a connection"),
		web.Post("/sso/{connection}/approve-identities", rbac.ConnectionsWrite, web.Raw(c.approveIdentities)).SessionOnly().StepUp(fresh).MaxBody(maxForm).Limit(acting).Doc("Say that a new provider names the same people as the one before"),
		web.Post("/sso/{connection}/approve-certificate", rbac.ConnectionsWrite, web.Raw(c.approveCertificate)).SessionOnly().StepUp(fresh).Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Trust a certificate that a refresh has found; for owners"),
		web.Post("/sso/{connection}/remove-certificate", rbac.ConnectionsWrite, web.Raw(c.removeCertificate)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Take a certificate away, or decline one that waits"),
		web.Get("/sso/{connection}/advanced", rbac.ConnectionsRead, web.Raw(c.showAdvanced)).SessionOnly().Doc("Our keys, and what a SAML connection accepts beyond the ordinary"),
		web.Post("/sso/{connection}/advanced/keys", rbac.ConnectionsWrite, web.Raw(c.makeKey)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Publish a next key of ours beside the current one"),
		web.Post("/sso/{connection}/advanced/keys/activate", rbac.ConnectionsWrite, web.Raw(c.activateKey)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Sign with another key of ours from now on"),
		web.Post("/sso/{connection}/advanced/keys/drop", rbac.ConnectionsWrite, web.Raw(c.dropKey)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Forget a key of ours that is not active"),
		web.Post("/sso/{connection}/advanced/switch", rbac.ConnectionsWrite, web.Raw(c.turn)).SessionOnly().Needs(billing.SSO).MaxBody(maxForm).Limit(acting).Doc("Turn encryption, sign-in from the provider or a legacy switch on or off"),
		web.Post("/reauthenticate", rbac.Self, web.Raw(c.reauthenticate)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Prove once more who one is"),
	}
}
