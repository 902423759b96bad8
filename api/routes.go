package api

import (
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// fresh is how long ago a person must have proven who they are to touch what others sign in with.
const fresh = 5 * time.Minute

// Routes is the security of the API on one screen. `gatehouse routes` prints it, and a golden file keeps every change of it visible.
func (a *API) Routes() web.Table {
	perMinute := ratelimit.PerMinute
	return web.Table{
		// Asking.
		web.Post("/v1/check", rbac.Self, web.Snapshot(a.check)).AnyStanding("a product asks, and gets the clause that refuses").NoEvent("asks, changes nothing but what is held or used of a meter").Group(catalog.Check).Doc("Ask whether the caller may do something, and reserve what it may use of a meter"),
		web.Post("/v1/check/batch", rbac.Self, web.Snapshot(a.checkBatch)).AnyStanding("a product asks, and gets the clause that refuses").NoEvent("asks, changes nothing").Group(catalog.Check).Doc("Ask up to 100 such questions at once"),
		web.Get("/v1/permissions", rbac.Self, web.Raw(a.permissions)).AnyStanding("as a check: nothing is granted, and the clause says why").Group(catalog.Check).Doc("All that the caller may do, to keep by its ETag"),
		web.Get("/v1/forward-auth", rbac.Self, web.Raw(a.forwardAuth)).Forwarded().Group(catalog.Check).Doc("Answer a proxy that asks before it lets a request through"),
		web.Get("/v1/stream", rbac.MembersRead, web.Raw(a.stream)).Doc("Follow what decides in the tenant, as server-sent events"),
		web.Get("/v1/me", rbac.Self, web.Snapshot(a.me)).Doc("Who the caller is, where, and with which role and plan"),
		web.Get("/v1/catalog", rbac.Self, web.Snapshot(a.catalog)).Doc("The permissions, roles, plans and features in force"),
		web.Get("/v1/entitlements", rbac.TenantRead, web.Snapshot(a.entitlements)).Doc("What the tenant has: its plan, a trial, and each feature with what says so"),

		// Asking by the standard: the OpenID AuthZEN Authorization API 1.0.
		web.Post("/access/v1/evaluation", rbac.Self, web.Snapshot(a.evaluation)).AnyStanding("a product asks, and gets the clause that refuses").NoEvent("asks, changes nothing").Group(catalog.Check).Doc("Ask about the caller or, with members:read, another member"),
		web.Post("/access/v1/evaluations", rbac.Self, web.Snapshot(a.evaluations)).AnyStanding("a product asks, and gets the clauses that refuse").NoEvent("asks, changes nothing").Group(catalog.Check).Doc("Ask up to 100 such questions at once"),
		web.Open("GET /.well-known/authzen-configuration", "says only where to ask", web.Raw(a.authzen)).Doc("Where a client of the standard asks"),

		// The caller's own.
		web.Get("/v1/me/tenants", rbac.Self, web.Snapshot(a.places)).SessionOnly().Doc("Where the caller may go"),
		web.Post("/v1/me/leave", rbac.Self, web.Tenant(a.leave)).SessionOnly().Doc("Leave the tenant"),
		web.Get("/v1/identities", rbac.Self, web.Admit(a.identities)).SessionOnly().Doc("The caller's ways to sign in here"),
		web.Post("/v1/connections/{connection}/link", rbac.Self, web.Raw(a.linkIdentity)).SessionOnly().StepUp(fresh).NoEvent("recorded when it is finished").Doc("Begin to link another way to sign in"),
		web.Delete("/v1/identities/{identity}", rbac.Self, web.Admit(a.unlinkIdentity)).SessionOnly().StepUp(fresh).Doc("Take a way to sign in away"),
		web.Get("/v1/sessions", rbac.Self, web.Tenant(a.mySessions)).SessionOnly().Doc("The caller's sessions in this tenant"),
		web.Delete("/v1/sessions", rbac.Self, web.Tenant(a.revokeMySessions)).SessionOnly().Doc("End all the caller's other sessions"),
		web.Delete("/v1/sessions/{session}", rbac.Self, web.Tenant(a.revokeMySession)).SessionOnly().Doc("End one of the caller's sessions"),
		web.Post("/v1/session/reauthenticate", rbac.Self, web.Raw(a.reauthenticate)).SessionOnly().NoEvent("recorded when it is finished").Doc("Begin to prove once more who the caller is"),
		web.Post("/v1/session/switch", rbac.Self, web.Snapshot(a.switchTenant)).SessionOnly().Doc("Enter another tenant, if its sign-in policy allows"),
		web.Delete("/v1/session", rbac.Self, web.Tenant(a.signOut)).SessionOnly().Doc("Sign out"),
		web.Open("POST /v1/session/refresh", "authenticated by the refresh token", web.Snapshot(a.refresh)).Limit(perMinute(120)).NoEvent("only a reuse is worth an event").Doc("A new access token for a refresh token"),

		// The tenant.
		web.Get("/v1/tenant", rbac.TenantRead, web.Tenant(a.tenant)).Doc("The tenant and its sign-in policy"),
		web.Patch("/v1/tenant", rbac.TenantWrite, web.Tenant(a.updateTenant)).Doc("Rename the tenant or change its sign-in policy"),
		web.Delete("/v1/tenant", rbac.TenantDelete, web.Admit(a.deleteTenant)).SessionOnly().StepUp(fresh).Doc("Delete the tenant for good"),

		// Its domains.
		web.Get("/v1/domains", rbac.DomainsRead, web.Tenant(a.domains)).Doc("The tenant's mail domains"),
		web.Get("/v1/domains/{domain}", rbac.DomainsRead, web.Tenant(a.domain)).Doc("One domain, with the record that proves it"),
		web.Post("/v1/domains", rbac.DomainsWrite, web.Tenant(a.addDomain)).Idempotent().Returns(http.StatusCreated).Limit(perMinute(30)).Doc("List a domain, and get the record that proves it"),
		web.Post("/v1/domains/{domain}/check", rbac.DomainsWrite, web.PreparedAdmit(a.lookAtDomain, a.checkDomain)).NoEvent("recorded when it changes the domain").Limit(perMinute(10)).Doc("Look for the record now, and for another 72 hours"),
		web.Delete("/v1/domains/{domain}", rbac.DomainsWrite, web.Admit(a.removeDomain)).Limit(perMinute(30)).Doc("Remove a domain; a verified one takes an owner or a fresh sign-in"),

		// People.
		web.Get("/v1/members", rbac.MembersRead, web.Tenant(a.members)).Doc("The members of the tenant"),
		web.Get("/v1/members/{member}", rbac.MembersRead, web.Tenant(a.member)).Doc("One member"),
		web.Get("/v1/members/{member}/why", rbac.EventsRead, web.Snapshot(a.why)).Doc("By which steps a member may do something, or what lacks; with dates and actors"),
		web.Patch("/v1/members/{member}", rbac.MembersWrite, web.Tenant(a.setRole)).Doc("Give a member another role"),
		web.Post("/v1/members/{member}/suspend", rbac.MembersWrite, web.Tenant(a.suspendMember)).Doc("Refuse a member until resumed"),
		web.Post("/v1/members/{member}/resume", rbac.MembersWrite, web.Tenant(a.resumeMember)).Doc("End a member's suspension"),
		web.Delete("/v1/members/{member}", rbac.MembersWrite, web.Tenant(a.removeMember)).Doc("Remove a member"),
		web.Get("/v1/members/{member}/sessions", rbac.SessionsRead, web.Tenant(a.memberSessions)).Doc("A member's sessions in this tenant"),
		web.Delete("/v1/members/{member}/sessions", rbac.SessionsWrite, web.Tenant(a.revokeMemberSessions)).Doc("End all of a member's sessions in this tenant"),
		web.Get("/v1/invitations", rbac.MembersRead, web.Tenant(a.invitations)).Doc("Who was invited, and what became of it"),
		web.Post("/v1/invitations", rbac.MembersWrite, web.Tenant(a.invite)).Idempotent().Returns(http.StatusCreated).Limit(perMinute(30)).Doc("Invite somebody by a mail with a one-time link"),
		web.Post("/v1/invitations/{invitation}/resend", rbac.MembersWrite, web.Tenant(a.inviteAgain)).Limit(perMinute(30)).Doc("Mail a new link; the old one stops working"),
		web.Delete("/v1/invitations/{invitation}", rbac.MembersWrite, web.Tenant(a.revokeInvitation)).Doc("Revoke an invitation"),

		// Roles of the tenant's own. Those that are there keep deciding on a plan without them; none is made or changed.
		web.Get("/v1/roles", rbac.RolesRead, web.Tenant(a.roles)).Doc("The tenant's own roles"),
		web.Get("/v1/roles/{role}", rbac.RolesRead, web.Tenant(a.role)).Doc("One of the tenant's own roles"),
		web.Post("/v1/roles", rbac.RolesWrite, web.Tenant(a.createRole)).Needs(billing.CustomRoles).SessionOnly().Idempotent().Returns(http.StatusCreated).Limit(perMinute(30)).Doc("Make a role of permissions that the caller has"),
		web.Patch("/v1/roles/{role}", rbac.RolesWrite, web.Tenant(a.updateRole)).Needs(billing.CustomRoles).SessionOnly().Limit(perMinute(30)).Doc("Change a role for all who hold it"),
		web.Delete("/v1/roles/{role}", rbac.RolesWrite, web.Tenant(a.deleteRole)).SessionOnly().Limit(perMinute(30)).Doc("Delete a role; while it is in use only with another in its place"),

		// Single sign-on.
		web.Get("/v1/connections", rbac.ConnectionsRead, web.Tenant(a.connections)).Doc("The tenant's connections"),
		web.Get("/v1/connections/{connection}", rbac.ConnectionsRead, web.Tenant(a.connection)).Doc("One connection"),
		web.Post("/v1/connections", rbac.ConnectionsWrite, web.PreparedAdmit(a.prepareConnection, a.createConnection)).Needs(billing.SSO).Idempotent().Returns(http.StatusCreated).Limit(perMinute(30)).Doc("Connect a provider"),
		web.Patch("/v1/connections/{connection}", rbac.ConnectionsWrite, web.Prepared(a.prepareUpdate, a.updateConnection)).Needs(billing.SSO).Limit(perMinute(30)).Doc("Change a connection"),
		web.Post("/v1/connections/{connection}/test", rbac.ConnectionsWrite, web.Raw(a.testConnection)).Needs(billing.SSO).NoEvent("a try is recorded when it is finished").Limit(perMinute(30)).Doc("Ask the provider again, and try a sign-in that changes nothing"),
		web.Post("/v1/connections/{connection}/test-change", rbac.ConnectionsWrite, web.Snapshot(a.testChange)).SessionOnly().Needs(billing.SSO).NoEvent("a try is recorded when it is finished").Limit(perMinute(30)).Doc("Try a sign-in over a connection as a change would make it, and save nothing"),
		web.Post("/v1/connections/{connection}/activate", rbac.ConnectionsWrite, web.Tenant(a.move(sso.Optional))).Needs(billing.SSO).Limit(perMinute(30)).Doc("Let everybody in through a connection"),
		web.Post("/v1/connections/{connection}/testing", rbac.ConnectionsWrite, web.Tenant(a.move(sso.Testing))).Needs(billing.SSO).Limit(perMinute(30)).Doc("Let only the testers in through a connection"),
		web.Post("/v1/connections/{connection}/require", rbac.ConnectionsWrite, web.Tenant(a.move(sso.Required))).Needs(billing.SSO).Limit(perMinute(30)).Doc("Make a proven connection the only way in"),
		web.Post("/v1/connections/{connection}/approve-identities", rbac.ConnectionsWrite, web.Admit(a.approveIdentities)).SessionOnly().StepUp(fresh).NoEvent("nothing waits in most connections; an approval is an event").Limit(perMinute(30)).Doc("Say that a new provider names the same people as the one before"),
		web.Post("/v1/connections/{connection}/disable", rbac.ConnectionsWrite, web.Tenant(a.move(sso.Disabled))).Limit(perMinute(30)).Doc("Let nobody in through a connection"),
		web.Delete("/v1/connections/{connection}", rbac.ConnectionsWrite, web.Tenant(a.deleteConnection)).Doc("Delete a connection"),
		web.Post("/v1/connections/{connection}/refresh-metadata", rbac.ConnectionsWrite, web.Prepared(a.refetchMetadata, a.refreshMetadata)).Needs(billing.SSO).Limit(perMinute(10)).Doc("Read the provider's metadata again now"),
		web.Post("/v1/connections/{connection}/certificates", rbac.ConnectionsWrite, web.Tenant(a.addCertificates)).Needs(billing.SSO).Limit(perMinute(30)).Doc("Add signing certificates of the provider; in a connection that people may have used, those that no owner adds wait as pending"),
		web.Post("/v1/connections/{connection}/certificates/{fingerprint}/approve", rbac.ConnectionsWrite, web.Tenant(a.approveCertificate)).SessionOnly().StepUp(fresh).Needs(billing.SSO).Limit(perMinute(30)).Doc("Trust a certificate that a refresh has found; only an owner may"),
		web.Delete("/v1/connections/{connection}/certificates/{fingerprint}", rbac.ConnectionsWrite, web.Tenant(a.removeCertificate)).Limit(perMinute(30)).Doc("Take a certificate away, or decline one that waits"),
		web.Post("/v1/connections/{connection}/keys", rbac.ConnectionsWrite, web.Prepared(a.makeConnectionKey, a.addConnectionKey)).Needs(billing.SSO).Limit(perMinute(10)).Doc("Publish a next key of ours beside the active one"),
		web.Post("/v1/connections/{connection}/keys/{connection_key}/activate", rbac.ConnectionsWrite, web.Tenant(a.activateConnectionKey)).Needs(billing.SSO).Limit(perMinute(30)).Doc("Sign with another key of ours from now on"),
		web.Delete("/v1/connections/{connection}/keys/{connection_key}", rbac.ConnectionsWrite, web.Tenant(a.dropConnectionKey)).Limit(perMinute(30)).Doc("Forget a key of ours that is not active"),
		web.Get("/v1/sign-ins", rbac.ConnectionsRead, web.Tenant(a.signIns)).Doc("The latest sign-in attempts, with the reason of each refusal"),
		web.Get("/v1/sign-ins/causes", rbac.ConnectionsRead, web.Tenant(a.causes)).Doc("Why sign-ins were refused lately, and how many people that met"),
		web.Get("/v1/sign-ins/{attempt}", rbac.ConnectionsRead, web.Tenant(a.signInAttempt)).Doc("One sign-in attempt, with every check"),
		web.Post("/v1/sign-ins/{attempt}/document", rbac.ConnectionsRead, web.Tenant(a.openDocument)).SessionOnly().StepUp(fresh).Doc("Open what the provider sent; for owners, within seven days"),
		web.Get("/v1/routing-rules", rbac.ConnectionsRead, web.Tenant(a.routingRules)).Doc("Over which connection people sign in"),
		web.Put("/v1/routing-rules", rbac.ConnectionsWrite, web.Tenant(a.setRoutingRules)).Needs(billing.SSO).Limit(perMinute(30)).Doc("Replace all routing rules"),
		web.Get("/v1/setup-links", rbac.ConnectionsRead, web.Tenant(a.setupLinks)).Doc("Links with which somebody outside sets up a connection"),
		web.Post("/v1/setup-links", rbac.ConnectionsWrite, web.Tenant(a.createSetupLink)).Needs(billing.SSO).SessionOnly().StepUp(fresh).Idempotent().Returns(http.StatusCreated).Limit(perMinute(10)).Doc("Make such a link; its address is shown once"),
		web.Delete("/v1/setup-links/{link}", rbac.ConnectionsWrite, web.Tenant(a.revokeSetupLink)).Doc("Revoke such a link, and what it opened, at once"),

		// Machines.
		web.Get("/v1/api-keys", rbac.APIKeysRead, web.Tenant(a.apiKeys)).Doc("The tenant's API keys"),
		web.Get("/v1/api-keys/{key}", rbac.APIKeysRead, web.Tenant(a.apiKey)).Doc("One API key"),
		web.Post("/v1/api-keys", rbac.APIKeysWrite, web.Tenant(a.createAPIKey)).Needs(billing.APIKeys).SessionOnly().StepUp(fresh).Idempotent().Returns(http.StatusCreated).Doc("Create an API key; its secret is shown once"),
		web.Post("/v1/api-keys/{key}/rotate", rbac.APIKeysWrite, web.Tenant(a.rotateAPIKey)).SessionOnly().StepUp(fresh).Idempotent().Doc("Give an API key a new secret"),
		web.Delete("/v1/api-keys/{key}", rbac.APIKeysWrite, web.Tenant(a.revokeAPIKey)).SessionOnly().Doc("End an API key"),

		// Usage.
		web.Post("/v1/usage", rbac.UsageWrite, web.Raw(a.recordUsage)).MaxBody(maxUsage).NoEvent("usage is counted, and changes nothing else").Group(catalog.Check).Doc("Record one event of usage, or up to 1,000; each gets an answer of its own"),
		web.Get("/v1/quotas", rbac.UsageRead, web.Snapshot(a.quotas)).Doc("The tenant's budgets that run, with what is used and left of them"),
		web.Post("/v1/reservations/{reservation}/settle", rbac.Self, web.Snapshot(a.settle)).AnyStanding("what was used counts, whatever became of the caller since").NoEvent("usage is counted, and changes nothing else").Group(catalog.Check).Doc("Count what a reserved use came to, and give back the rest"),
		web.Post("/v1/reservations/{reservation}/release", rbac.Self, web.Snapshot(a.release)).AnyStanding("what was held is given back, whatever became of the caller since").NoEvent("gives back what was held, and changes nothing else").Group(catalog.Check).Doc("Give back all of a reservation: nothing was used"),
		web.Get("/v1/usage", rbac.UsageRead, web.Prepared(a.meterOf, a.reportUsage)).Doc("How much was used, up to this moment"),
		web.Get("/v1/quota-rules", rbac.UsageRead, web.Tenant(a.quotaRules)).Doc("The budgets that the tenant has set within its plan"),
		web.Put("/v1/quota-rules/{meter}/{of}/{measure}/{period}", rbac.TenantWrite, web.Tenant(a.setQuotaRule)).Limit(perMinute(120)).Doc("Set a budget of a meter: for the tenant, for each of its people or API keys, or for one"),
		web.Delete("/v1/quota-rules/{meter}/{of}/{measure}/{period}", rbac.TenantWrite, web.Tenant(a.removeQuotaRule)).Limit(perMinute(120)).Doc("Remove a budget; what the plan includes stays"),
		web.Get("/v1/quota-grants", rbac.UsageRead, web.Tenant(a.quotaGrants)).Doc("What the tenant was given once beside its plan"),
		web.Get("/v1/usage/statement", rbac.UsageRead, web.Tenant(a.usageStatement)).Doc("What was recorded in a month that is sealed, signed"),

		// The logs.
		web.Get("/v1/decisions", rbac.EventsRead, web.Tenant(a.decisions)).Doc("What was refused, and a sample of what was allowed, newest first"),
		web.Get("/v1/decisions/{decision}", rbac.EventsRead, web.Tenant(a.decision)).Doc("One decision, by the id that a refusal carries"),
		web.Get("/v1/events", rbac.EventsRead, web.Tenant(a.events)).Doc("What happened in the tenant, newest first"),

		// For everybody.
		web.Open("GET /.well-known/jwks.json", "public keys", web.Raw(a.jwks)).Doc("The keys that access tokens are signed with"),
		web.Open("GET /openapi.yaml", "the description of this API", web.Raw(a.openAPI)).Doc("This API as OpenAPI 3.1"),
		web.Open("GET /docs", "the description of this API", web.Raw(a.docs)).Doc("A reference page to try the API on"),
		web.Open("GET /docs/problems", "the description of this API", web.Raw(a.problems)).Doc("What each code of a problem means"),
		web.Open("GET /docs/{file}", "files of the reference page", web.Raw(a.docsFile)).Doc("Files of the reference page"),
		web.Open("GET /healthz", "says only that the process runs", web.Raw(a.healthz)).AnyHost().Doc("Is the process alive?"),
		web.Open("GET /readyz", "says only yes or no", web.Raw(a.readyz)).AnyHost().Doc("Can the server serve?"),
	}
}
