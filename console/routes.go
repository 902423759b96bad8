package console

import (
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Why the rows that anybody may call are open.
const (
	whySignIn     = "people who sign in are nobody yet"
	whyCallback   = "authenticated by the attempt: state, its cookie and the provider's answer"
	whyLogout     = "authenticated by the provider's signature; a sign-out that began here, by its state and cookie"
	whyConfirm    = "authenticated by the attempt that waits, and its cookie"
	whyChoice     = "authenticated by the attempt that was proven a moment ago, and its cookie"
	whyLink       = "authenticated by the one-time link"
	whyInvitation = "authenticated by the one-time link of the invitation"
	whyRecovery   = "the one-time link is for owners, in the browser that asked for it"
	whySetup      = "authenticated by the cookie of a set-up link, or by a session whose permission is asked for"
	whyMetadata   = "public by its nature: addresses and certificates"
	whyStatic     = "the same files for everybody"
	whyGoodbye    = "says the same to everybody"
	whyMail       = "development only: mounted where mail is kept instead of sent"
)

// maxForm bounds what our forms send.
const maxForm = 16 << 10

// maxResponse bounds a SAML response in a form: 1 MiB of XML, in base64 with line breaks and escapes.
const maxResponse = 2 << 20

// maxLogout bounds a logout message in a form.
const maxLogout = 512 << 10

// servers is how many logout tokens a minute one address may send: a large provider has few, for all of its customers.
var servers = ratelimit.PerMinute(3000)

// office is how many sign-ins a minute one address may start: all of a large company stands behind one when it comes to work.
var office = ratelimit.PerMinute(300)

// Routes is the table of the pages.
func (c *Console) Routes() web.Table {
	table := web.Table{
		web.Get("/", rbac.Self, web.Raw(c.home)).SessionOnly().Doc("Who and where the person is"),
		web.Post("/link", rbac.Self, web.Raw(c.link)).SessionOnly().StepUp(fresh).MaxBody(maxForm).Limit(acting).Doc("Link one's account at the organization's provider"),
		web.Post("/switch", rbac.Self, web.Raw(c.change)).SessionOnly().MaxBody(maxForm).Doc("Go to another organization"),
		web.Get("/sessions", rbac.Self, web.Raw(c.listSessions)).SessionOnly().Doc("Where the person is signed in"),
		web.Post("/sessions/revoke", rbac.Self, web.Raw(c.revokeSession)).SessionOnly().MaxBody(maxForm).Doc("Sign another device out"),
		web.Post("/sessions/revoke-others", rbac.Self, web.Raw(c.revokeOthers)).SessionOnly().MaxBody(maxForm).Doc("Sign all other devices out"),
		web.Post("/logout", rbac.Self, web.Raw(c.logOut)).SessionOnly().MaxBody(maxForm).
			AnyStanding("whoever may do nothing may still leave").Doc("Sign out"),
		web.Open("GET /logged-out", whyGoodbye, web.Raw(c.loggedOut)).Doc("After the sign-out"),

		web.Open("GET /login", whySignIn, web.Raw(c.askEmail)).Doc("Sign in by e-mail"),
		web.Open("GET /login/resume", whySignIn, web.Raw(c.resume)).Doc("Go on with the session that is there, or sign in"),
		web.Open("POST /login", whySignIn, web.Raw(c.routeEmail)).MaxBody(maxForm).Limit(office).Doc("Go to the sign-in of the address's organization"),
		web.Open("GET /login/google", whySignIn, web.Raw(c.askEmail)).Doc("Sign in by e-mail"),
		web.Open("POST /login/google", whySignIn, web.Raw(c.startGoogle)).MaxBody(maxForm).Limit(office).Doc("Go to Google"),
		web.Open("GET /login/link", whySignIn, web.Raw(c.askLink)).Doc("Sign in by a one-time link"),
		web.Open("POST /login/link", whyLink, web.Raw(c.redeemLink)).MaxBody(maxForm).Limit(ratelimit.PerMinute(20)).Doc("Redeem a one-time link"),
		web.Open("GET /login/invitation", whySignIn, web.Raw(c.askInvitation)).Doc("Accept an invitation"),
		web.Open("POST /login/invitation", whyInvitation, web.Raw(c.openInvitation)).MaxBody(maxForm).Limit(ratelimit.PerMinute(20)).Doc("Accept an invitation, or go to where its address is proven"),
		web.Open("GET /login/{tenant}", whySignIn, web.Raw(c.showTenant)).Limit(office).Doc("An organization's own sign-in"),
		web.Open("POST /login/{tenant}", whySignIn, web.Raw(c.startTenant)).MaxBody(maxForm).Limit(office).Doc("Go to the organization's provider"),
		web.Open("GET /sso/oidc/{connection}/callback", whyCallback, web.Raw(c.finishOIDC)).Limit(office).Doc("Back from an organization's provider"),
		web.Open("GET /sso/saml/{connection}/metadata", whyMetadata, web.Raw(c.showMetadata)).Limit(office).Doc("Our metadata, for an organization's SAML provider"),
		web.Open("GET /sso/google/callback", whyCallback, web.Raw(c.finishGoogle)).Limit(office).Doc("Back from Google"),
		web.Open("POST /sso/saml/{connection}/acs", whyCallback, web.Raw(c.finishSAML)).CrossSite().MaxBody(maxResponse).Limit(office).Doc("Back from an organization's SAML provider"),
		web.Open("GET /sso/saml/{connection}/slo", whyLogout, web.Raw(c.singleLogout)).Limit(office).Doc("Single logout, by redirect"),
		web.Open("POST /sso/saml/{connection}/slo", whyLogout, web.Raw(c.singleLogout)).CrossSite().MaxBody(maxLogout).Limit(office).Doc("Single logout, by form"),
		web.Open("GET /sso/oidc/{connection}/logged-out", whyLogout, web.Raw(c.backFromLogout)).Limit(office).Doc("Back from the sign-out at an organization's provider"),
		web.Open("POST /sso/oidc/{connection}/backchannel-logout", whyLogout, web.Raw(c.backChannel)).CrossSite().MaxBody(maxLogout).Limit(servers).Doc("Logout tokens of an organization's provider"),
		web.Open("GET /sso/confirm", whyConfirm, web.Raw(c.askConfirmation)).Limit(office).Doc("A sign-in that a provider has started"),
		web.Open("POST /sso/confirm", whyConfirm, web.Raw(c.confirm)).MaxBody(maxForm).Limit(office).Doc("Go on with it"),
		web.Open("POST /choose", whyChoice, web.Raw(c.choose)).MaxBody(maxForm).Limit(office).Doc("Choose the organization to enter"),

		web.Open("GET /login/{tenant}/recover", whySignIn, web.Raw(c.askRecovery)).Limit(office).Doc("Ask for an owner's way back in"),
		web.Open("POST /login/{tenant}/recover", whySignIn, web.Raw(c.sendRecovery)).MaxBody(maxForm).Limit(ratelimit.PerMinute(10)).Doc("Mail the link, if the address is an owner's"),
		web.Open("GET /login/{tenant}/recover/open", whySignIn, web.Raw(c.askReason)).Limit(office).Doc("Come back in by that link"),
		web.Open("POST /login/{tenant}/recover/open", whyRecovery, web.Raw(c.breakGlass)).MaxBody(maxForm).Limit(ratelimit.PerMinute(20)).Doc("Give a reason and come in"),

		web.Open("GET /setup/open", whySignIn, web.Raw(c.askSetupLink)).Doc("A set-up link, before it is opened"),
		web.Open("POST /setup/open", whyLink, web.Raw(c.openSetupLink)).MaxBody(maxForm).Limit(ratelimit.PerMinute(20)).Doc("Open a set-up link"),
		web.Open("POST /setup/leave", whySetup, web.Raw(c.leaveSetup)).MaxBody(maxForm).Doc("Forget the set-up link on this device"),

		web.Open("GET /static/{file}", whyStatic, web.Raw(c.assets.serve)).Doc("Style, script and pictures"),
	}
	table = append(table, c.ssoRoutes()...)
	table = append(table, c.memberRoutes()...)
	table = append(table, c.roleRoutes()...)
	table = append(table, c.usageRoutes()...)
	table = append(table, c.setupRoutes()...)
	if c.outbox != nil {
		table = append(table, web.Open("GET /dev/mail", whyMail, web.Raw(c.showMail)).Doc("Outgoing mail"))
	}
	return table
}
