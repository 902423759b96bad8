package console

import (
	"html/template"
	"io"
	"net/http/httptest"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Sample is a page with a name, for golden files.
type Sample struct {
	Name string
	Page any
}

// Every lists a zero page of each kind with the name of its template.
func Every() map[string]any {
	all := map[string]any{}
	for _, p := range every() {
		all[p.frame().file] = p
	}
	return all
}

// FileOf is the name of the template that draws a sample.
func FileOf(s Sample) string {
	p, _ := s.Page.(page)
	return p.frame().file
}

// Layout is what the templates are executed with.
type Layout = layout

// Templates parses all templates.
func Templates() (map[string]*template.Template, error) {
	parsed := map[string]*template.Template{}
	for file, template := range makeTemplates() {
		var err error
		if parsed[file], err = template(); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// Draw renders a sample as a server at base would.
func Draw(w io.Writer, base string, s Sample) error {
	c, err := bare(base)
	if err != nil {
		return err
	}
	rec := httptest.NewRecorder()
	p, _ := s.Page.(page)
	ctx := echo.New().NewContext(httptest.NewRequest("GET", "/", nil), rec)
	if err := c.render(ctx, 200, p); err != nil {
		return err
	}
	_, err = w.Write(rec.Body.Bytes())
	return err
}

// bare is a console that can only draw.
func bare(base string) (*Console, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	c := &Console{name: "Gatehouse", base: base, prefix: u.Path, templates: makeTemplates()}
	if c.assets, err = loadAssets(c.prefix); err != nil {
		return nil, err
	}
	c.urls = c.assets.urls()
	return c, nil
}

// Samples returns pages as people meet them, and with what an attacker would put into them.
func Samples() []Sample {
	return slices.Concat(entranceSamples(), setupSamples(), manageSamples())
}

// entranceSamples are the pages around signing in.
func entranceSamples() []Sample {
	at := momentOf(time.Date(2026, 3, 9, 14, 5, 0, 0, time.UTC))
	request := "req_01jv3qk2wefr4t5y6u7i8p9aas"
	evil := `<script>alert("1")</script>`
	tried := id.From[id.Connection]([16]byte{1, 2, 3})
	samples := []Sample{
		{"login", loginPage{Google: true, ReturnTo: "/docs"}},
		{"login-problem", loginPage{Email: "alice@", Problem: "This is not an e-mail address that can be used."}},
		{"login-elsewhere", loginPage{Email: "alice@example.com", Elsewhere: true, Google: true}},
		{"login-last", loginPage{Google: true, Last: lastWay{"Acme Robotics", "acme", "con_1", "Acme Okta"}}},
		{"login-last-google", loginPage{Google: true, ReturnTo: "/docs", Last: lastWay{evil, "acme", "", "Google"}}},
		{"tenant-alone", tenantPage{Tenant: "Acme Robotics", Slug: "acme", Connections: []tenantWay{{"con_1", evil}}, Alone: true}},
		{"invitation", invitationPage{}},
		{"invitation-problem", invitationPage{Problem: "This invitation cannot be used. Ask who invited you for a new one."}},
		{"invited", invitedPage{Link: "ghi_1", Tenant: "Acme Robotics", Email: "new@acme.example", Role: "admin", Connections: []tenantWay{{"con_1", "Acme Okta"}}, Google: true}},
		{"invited-link", invitedPage{Link: "ghi_1", Tenant: evil, Email: "new@elsewhere.example", Role: "viewer", ByLink: true}},
		{"tenant", tenantPage{Tenant: "Acme Robotics", Slug: "acme", Google: true, ReturnTo: "/", Connections: []tenantWay{{"con_1", "Acme Okta"}, {"con_2", "Contractors"}}}},
		{"tenant-empty", tenantPage{Tenant: "Initech", Slug: "initech"}},
		{"link", linkPage{}},
		{"link-problem", linkPage{Problem: "This sign-in link has been used or has expired. Ask for a new one."}},
		{"recover", recoverPage{Tenant: "Acme Robotics", Slug: "acme"}},
		{"recover-problem", recoverPage{Tenant: "Acme Robotics", Slug: "acme", Email: "olga@", Problem: "Enter an address like name@company.com."}},
		{"recover-asked", recoverPage{Tenant: "Acme Robotics", Slug: "acme", Email: "olga@acme.example", Asked: true}},
		{"recover-link", recoverLinkPage{Tenant: "Acme Robotics", Slug: "acme"}},
		{"recover-link-problem", recoverLinkPage{Tenant: "Acme Robotics", Slug: "acme", Reason: "Okta is down", Problem: "This link has been used, has expired, or was asked for in another browser."}},
		{"recover-link-reason", recoverLinkPage{Tenant: evil, Slug: "acme", Link: `ghb_"><script>`, Reason: evil, BadReason: "Say it in 10 to 500 characters."}},
		{"setup-link", setupLinkPage{}},
		{"setup-link-problem", setupLinkPage{Problem: "This set-up link has been used, has been revoked or has expired. Ask whoever sent it for a new one."}},
		{"choose", choosePage{State: "s", Places: []choosePlace{{"tnt_1", "Acme Robotics", "acme"}, {"tnt_2", "Globex Corporation", "globex"}, {"tnt_3", "Initech", "initech"}}}},
		{"home", homePage{
			Name: "Alice Liddell", Email: "alice@acme.example", Initial: "A", Tenant: "Acme Robotics", Role: "admin", Plan: "enterprise",
			Method: "single sign-on", SignedIn: at,
			Places: []homePlace{{"tnt_2", "Globex Corporation", "member", true}, {"tnt_3", "Initech", "owner", false}},
			Duties: []wayTo{{"Single sign-on", "Providers, and how sign-ins go", "/sso"}},
			Ways:   []homeWay{{"con_1", "Acme Okta", true}, {"con_2", "Acme Entra ID", false}},
		}},
		{"home-alone", homePage{Name: "Bob", Email: "bob@initech.example", Initial: "B", Tenant: "Initech", Role: "viewer", Plan: "free", Method: "Google", SignedIn: at}},
		{"home-evil", homePage{
			Name: evil, Email: `"><img src=x>@x.example`, Initial: "<", Tenant: evil, Role: evil, Plan: evil, Method: evil, SignedIn: at,
			Places: []homePlace{{`"><script>`, evil, evil, true}}, Ways: []homeWay{{`"><script>`, evil, false}},
		}},
		{"sessions", sessionsPage{Tenant: "Acme Robotics", Sessions: []sessionRow{
			{"ses_1", "Firefox on Linux", "192.0.2.7", "single sign-on", at, at, true},
			{"ses_2", "Safari on iPhone", "2001:db8::7", "Google", at, at, false},
			{"ses_3", evil, "", "sign-in link", at, at, false},
		}}},
		{"logged-out", loggedOutPage{}},
		{"tested", testedPageOf(sso.DryRun{
			Connection: sso.Connection{Name: "Acme Okta"}, Proven: true, Joins: true, Checks: []sso.Check{{Name: "signature", OK: true, Got: "RS256"}, {Name: "domain", OK: true, Got: "acme.example"}},
			Identity: sso.Identity{Issuer: "https://idp.acme.example", Subject: "00u1a2b3c4", Email: "alice@acme.example", Name: "Alice Liddell", EmailVerified: true, Groups: []string{"Engineering"}, AMR: []string{"pwd", "otp"}},
			Claims:   []sso.Claim{{Name: "email", Values: []string{"•••@acme.example"}}, {Name: "groups", Values: []string{"••• (11 characters)"}}},
			Groups:   &sso.MemberGroups{Role: rbac.Admin, Groups: []string{"Engineering"}, Unknown: sso.UnknownGroups{Count: 2}}, GroupRole: "admin",
			Changes: []sso.Change{{Field: "email", To: "alice@acme.example"}, {Field: "role", To: "member"}}, Legacy: []string{"sha1"},
		})},
		{"tested-refused", testedPageOf(sso.DryRun{
			Connection: sso.Connection{Name: evil}, Refusal: sso.AudienceMismatch,
			Checks: []sso.Check{{Name: "issuer", OK: true, Got: "https://idp.acme.example"}, {Name: "audience", Expected: "gatehouse", Got: evil}},
		})},
		{"tested-link-required", testedPageOf(sso.DryRun{
			Connection: sso.Connection{Name: "Acme Okta"}, Proven: true, Refusal: sso.LinkRequired, Checks: []sso.Check{{Name: "member", Expected: "an address that no member has, or has had", Got: "owner@acme.example"}},
			Identity: sso.Identity{Issuer: "https://idp.acme.example", Subject: "00u1", Email: "owner@acme.example", GroupsMissing: true},
		})},
		{"tested-hidden", testedPageOf(sso.DryRun{
			Connection: sso.Connection{Name: "Acme Okta"}, Proven: true, Hidden: true, Checks: []sso.Check{{Name: "email", OK: true, Got: "alice@acme.example"}},
			Identity: sso.Identity{Issuer: "https://idp.acme.example", Subject: "00u1", Email: "alice@acme.example", EmailVerified: true},
		})},
		{"tested-unsaved", testedPageOf(sso.DryRun{
			Connection: sso.Connection{ID: tried, Name: "Acme Okta"}, Candidate: true, Proven: true, Refusal: sso.EmailInvalid,
			Checks: []sso.Check{{Name: "settings", OK: true, Got: "as they were typed, not those that are saved"}, {Name: "email", Expected: "an address", Got: evil}},
			Note:   retyped{form: mappingForm, fields: url.Values{"email": {evil}, "group-1": {"Engineering"}, "try": {"yes"}}}.note(),
		})},
		{"tested-unsaved-secret", testedPageOf(sso.DryRun{
			Connection: sso.Connection{ID: tried, Name: "Acme Entra ID"}, Candidate: true, Proven: true,
			Note: typedDetails{name: "Acme Entra ID", issuer: evil, client: "8a1d", secret: secret.New("never shown"), accept: true}.retyped().note(),
		})},
		{"confirm", confirmPage{State: "s", Name: "Alice Liddell", Email: "alice@acme.example", Tenant: "Acme Robotics", Slug: "acme"}},
		{"confirm-other", confirmPage{State: "s", Name: evil, Email: "alice@acme.example", Tenant: evil, Slug: "acme", Other: "bob@acme.example"}},
		{"post", postPageOf(sso.Redirect{URL: "https://idp.acme.example/sso", Form: url.Values{"SAMLRequest": {"PHNhbWw+"}, "RelayState": {evil}}})},
		{"error", errorPageOf(web.Problem{
			Status: 403, Code: "attempt_expired", Detail: "This sign-in cannot be continued. Start again.", RequestID: request,
		}, "/sso/google/callback")},
		{"error-forbidden", errorPageOf(web.Problem{
			Status: 403, Code: "role_lacks_permission", Detail: "Your role does not allow this. It needs the role admin or higher.", RequestID: request,
			Extra: map[string]any{"needs_role": "admin", "needs_plan": "team"},
		}, "/members")},
		{"error-suspended", errorPageOf(web.Problem{Status: 403, Code: "tenant_suspended", Detail: "This organization is suspended.", RequestID: request}, "/")},
		{"error-missing", errorPageOf(web.Problem{Status: 404, Code: "not_found", Detail: "There is no such tenant.", RequestID: request}, "/login/acne")},
		{"error-broken", errorPageOf(web.Problem{Status: 500, Code: "internal", Detail: "Something went wrong on our side.", RequestID: request}, "/")},
		{"mail", mailPage{Letters: []mailLetter{{
			"owner@acme.example", "Your sign-in link for Acme", "Hello,\n\nwith this link you sign in to Acme Robotics, once:\nhttp://localhost:8080/login/link#ghl_0123456789abcdefghjkmnpqrs_0123456789abcdefghjkmnpqrs_secretsecretsecretsecretsecret\n\nIt works for one hour.\n",
			at,
			[]string{"http://localhost:8080/login/link#ghl_0123456789abcdefghjkmnpqrs_0123456789abcdefghjkmnpqrs_secretsecretsecretsecretsecret"},
		}}}},
		{"mail-empty", mailPage{}},
	}
	return append(samples, ssoSamples(at, request, evil)...)
}
