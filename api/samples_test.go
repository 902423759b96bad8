package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
)

// place is a tenant in which a row is tried, and the session that tries it.
type place struct {
	*apitest.Server
	tenant *apitest.Tenant
	caller *apitest.Session
}

// reserved is a row about a reservation of the caller's.
func reserved(what string, body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		var made struct{ Reservation struct{ ID string } }
		p.Bearer(p.caller).Do(tb, http.MethodPost, "/v1/check", map[string]any{"meter": "ai.messages"}).Want(tb, http.StatusOK).JSON(tb, &made)
		return sample{path: "/v1/reservations/" + made.Reservation.ID + what, body: body}
	}
}

// sample is a valid request for a row: one that its caller may make and that succeeds.
type sample struct {
	path   string
	body   any
	caller *apitest.Session // instead of the place's
}

// samples has one for each row; a row without one fails the build. Each puts into place what it needs.
var samples = map[string]func(testing.TB, place) sample{
	"POST /v1/check": fixed("/v1/check", map[string]any{"permission": "members:read"}),
	"POST /v1/check/batch": fixed("/v1/check/batch", map[string]any{
		"checks": []any{map[string]any{"permission": "members:read"}, map[string]any{"feature": "ai.agents"}},
	}),
	"GET /v1/permissions":  fixed("/v1/permissions", nil),
	"GET /v1/stream":       fixed("/v1/stream?once=true", nil),
	"GET /v1/me":           fixed("/v1/me", nil),
	"GET /v1/forward-auth": fixed("/v1/forward-auth?permission=members:read", nil),
	"GET /v1/catalog":      fixed("/v1/catalog", nil),
	"GET /v1/entitlements": fixed("/v1/entitlements", nil),
	"POST /v1/usage":       fixed("/v1/usage", map[string]any{"id": "a sample", "meter": "ai.messages"}),
	"GET /v1/quota-rules":  fixed("/v1/quota-rules", nil),
	"GET /v1/quota-grants": fixed("/v1/quota-grants", nil),
	"PUT /v1/quota-rules/{meter}/{of}/{measure}/{period}":    quotaRule(map[string]any{"amount": 50, "soft": true}),
	"DELETE /v1/quota-rules/{meter}/{of}/{measure}/{period}": quotaRule(nil),
	"GET /v1/usage": fixed("/v1/usage?meter=ai.messages&step=day&group_by=user,role", nil),
	"GET /v1/usage/statement": func(tb testing.TB, p place) sample {
		tb.Helper()
		if _, err := p.Admin.Exec(tb.Context(), "INSERT INTO usage_closings (day, lo, hi) VALUES ('2025-01-31', 0, 0) ON CONFLICT DO NOTHING"); err != nil {
			tb.Fatal(err)
		}
		return sample{path: "/v1/usage/statement?month=2025-01"}
	},
	"GET /v1/me/tenants":                          fixed("/v1/me/tenants", nil),
	"GET /v1/quotas":                              fixed("/v1/quotas", nil),
	"POST /v1/reservations/{reservation}/settle":  reserved("/settle", map[string]any{"quantity": 1, "model": "large"}),
	"POST /v1/reservations/{reservation}/release": reserved("/release", nil),
	"POST /v1/me/leave": func(tb testing.TB, p place) sample {
		tb.Helper() // the last owner could not
		return sample{path: "/v1/me/leave", caller: p.Session(tb, p.tenant, rbac.Member)}
	},
	"GET /v1/identities": fixed("/v1/identities", nil),
	"DELETE /v1/identities/{identity}": func(tb testing.TB, p place) sample {
		tb.Helper() // the last one stays
		p.Identity(tb, p.caller.Member, id.Google, p.Google.URL())
		return sample{path: "/v1/identities/" + p.Identity(tb, p.caller.Member, id.Google, p.Google.URL()).String()}
	},
	"POST /v1/connections/{connection}/link": connection("/link", nil),

	"POST /access/v1/evaluation":             evaluation("/access/v1/evaluation"),
	"POST /access/v1/evaluations":            evaluation("/access/v1/evaluations"),
	"GET /.well-known/authzen-configuration": fixed("/.well-known/authzen-configuration", nil),

	"GET /v1/sessions": fixed("/v1/sessions", nil),
	"DELETE /v1/sessions": func(tb testing.TB, p place) sample {
		tb.Helper()
		p.SessionOf(tb, p.tenant, p.caller.Member)
		return sample{path: "/v1/sessions"}
	},
	"DELETE /v1/sessions/{session}": func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/sessions/" + p.SessionOf(tb, p.tenant, p.caller.Member).Session.String()}
	},
	"POST /v1/session/switch": func(tb testing.TB, p place) sample {
		tb.Helper()
		elsewhere := p.NewTenant(tb, billing.Pro)
		elsewhere.Adopt(tb, p.caller.Member, rbac.Viewer)
		return sample{path: "/v1/session/switch", body: map[string]any{"tenant_id": elsewhere.ID.String()}}
	},
	"POST /v1/session/reauthenticate": fixed("/v1/session/reauthenticate", nil),
	"DELETE /v1/session":              fixed("/v1/session", nil),
	"POST /v1/session/refresh": func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/session/refresh", body: map[string]any{"refresh_token": p.caller.Refresh}}
	},

	"GET /v1/tenant":    fixed("/v1/tenant", nil),
	"PATCH /v1/tenant":  fixed("/v1/tenant", map[string]any{"name": "Another name"}),
	"DELETE /v1/tenant": fixed("/v1/tenant", nil),

	"GET /v1/domains":                 fixed("/v1/domains", nil),
	"GET /v1/domains/{domain}":        domain(""),
	"POST /v1/domains":                fixed("/v1/domains", map[string]any{"domain": "another.example"}),
	"POST /v1/domains/{domain}/check": domain("/check"),
	"DELETE /v1/domains/{domain}":     domain(""),

	"GET /v1/members":                      fixed("/v1/members", nil),
	"GET /v1/members/{member}":             member("", nil),
	"PATCH /v1/members/{member}":           member("", map[string]any{"role": "viewer"}),
	"POST /v1/members/{member}/suspend":    member("/suspend", nil),
	"DELETE /v1/members/{member}":          member("", nil),
	"GET /v1/members/{member}/sessions":    member("/sessions", nil),
	"DELETE /v1/members/{member}/sessions": member("/sessions", nil),
	"POST /v1/members/{member}/resume": func(tb testing.TB, p place) sample {
		tb.Helper()
		s := member("/resume", nil)(tb, p)
		p.Bearer(p.Session(tb, p.tenant, rbac.Owner)).Do(tb, "POST", s.path[:len(s.path)-len("resume")]+"suspend", nil).Want(tb, 200)
		return s
	},

	"GET /v1/invitations":                 fixed("/v1/invitations", nil),
	"POST /v1/invitations":                fixed("/v1/invitations", map[string]any{"email": "new@elsewhere.test", "role": "viewer"}),
	"DELETE /v1/invitations/{invitation}": invitation(""),
	"POST /v1/invitations/{invitation}/resend": func(tb testing.TB, p place) sample {
		tb.Helper()
		s := invitation("/resend")(tb, p)
		_, err := p.Admin.Exec(tb.Context(), "UPDATE invitations SET sent_at = sent_at - interval '1 hour' WHERE tenant_id::text = $1", p.tenant.ID.UUID().String())
		if err != nil { // twice a minute would be too often
			tb.Fatal(err)
		}
		return s
	},

	"GET /v1/roles":           fixed("/v1/roles", nil),
	"GET /v1/roles/{role}":    role(nil),
	"POST /v1/roles":          fixed("/v1/roles", map[string]any{"name": "Front desk", "permissions": []string{"members:read"}}),
	"PATCH /v1/roles/{role}":  role(map[string]any{"name": "Reception"}),
	"DELETE /v1/roles/{role}": role(nil),

	"GET /v1/routing-rules": fixed("/v1/routing-rules", nil),
	"PUT /v1/routing-rules": func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/routing-rules", body: map[string]any{
			"rules": []any{map[string]any{"domain": p.tenant.Domain, "connection_id": p.tenant.Connect(tb).String()}},
		}}
	},

	"GET /v1/connections":              fixed("/v1/connections", nil),
	"GET /v1/connections/{connection}": connection("", nil),
	"POST /v1/connections": func(_ testing.TB, p place) sample {
		return sample{path: "/v1/connections", body: p.tenant.Connection()}
	},
	"PATCH /v1/connections/{connection}":                   connection("", map[string]any{"name": "Another name"}),
	"POST /v1/connections/{connection}/test":               connection("/test", nil),
	"POST /v1/connections/{connection}/test-change":        connection("/test-change", map[string]any{"claims": map[string]any{"email": "mail"}}),
	"POST /v1/connections/{connection}/disable":            connection("/disable", nil),
	"DELETE /v1/connections/{connection}":                  connection("", nil),
	"POST /v1/connections/{connection}/testing":            connection("/testing", nil),
	"POST /v1/connections/{connection}/approve-identities": connection("/approve-identities", nil),
	"POST /v1/connections/{connection}/require": func(tb testing.TB, p place) sample {
		tb.Helper()
		s := connection("/require", nil)(tb, p)
		p.tenant.Prove(tb, s.path)
		s.caller = p.Session(tb, p.tenant, rbac.Owner, func(in *sessions.Start) { in.Method = sso.MethodOIDC })
		return s
	},
	"POST /v1/connections/{connection}/refresh-metadata": saml("/refresh-metadata", nil),
	"POST /v1/connections/{connection}/certificates": func(tb testing.TB, p place) sample {
		tb.Helper()
		return saml("/certificates", map[string]any{"certificates": apitest.NewCertificate(tb)})(tb, p)
	},
	"POST /v1/connections/{connection}/certificates/{fingerprint}/approve": func(tb testing.TB, p place) sample {
		tb.Helper() // only owners decide whose word is taken
		c := p.tenant.ConnectSAML(tb)
		s := sample{path: "/v1/connections/" + c.ID.String() + "/certificates/" + c.Found(tb) + "/approve"}
		if p.caller.Member.Role == rbac.Admin {
			s.caller = p.Session(tb, p.tenant, rbac.Owner)
		}
		return s
	},
	"DELETE /v1/connections/{connection}/certificates/{fingerprint}": func(tb testing.TB, p place) sample {
		tb.Helper()
		c := p.tenant.ConnectSAML(tb)
		return sample{path: "/v1/connections/" + c.ID.String() + "/certificates/" + c.Trust(tb)}
	},
	"POST /v1/connections/{connection}/keys": saml("/keys", nil),
	"POST /v1/connections/{connection}/keys/{connection_key}/activate": func(tb testing.TB, p place) sample {
		tb.Helper()
		c := p.tenant.ConnectSAML(tb)
		return sample{path: "/v1/connections/" + c.ID.String() + "/keys/" + c.NextKey(tb).String() + "/activate"}
	},
	"DELETE /v1/connections/{connection}/keys/{connection_key}": func(tb testing.TB, p place) sample {
		tb.Helper()
		c := p.tenant.ConnectSAML(tb)
		return sample{path: "/v1/connections/" + c.ID.String() + "/keys/" + c.NextKey(tb).String()}
	},
	"GET /v1/sign-ins":           fixed("/v1/sign-ins", nil),
	"GET /v1/sign-ins/causes":    fixed("/v1/sign-ins/causes", nil),
	"GET /v1/sign-ins/{attempt}": attempt(""),
	"POST /v1/sign-ins/{attempt}/document": func(tb testing.TB, p place) sample {
		tb.Helper() // only owners see what the provider sent
		s := attempt("/document")(tb, p)
		if p.caller.Member.Role != rbac.Owner {
			s.caller = p.Session(tb, p.tenant, rbac.Owner)
		}
		return s
	},
	"POST /v1/connections/{connection}/activate": func(tb testing.TB, p place) sample {
		tb.Helper()
		s := connection("/activate", nil)(tb, p)
		p.Bearer(p.Session(tb, p.tenant, rbac.Owner)).Do(tb, "POST", s.path[:len(s.path)-len("activate")]+"disable", nil).Want(tb, 200)
		return s
	},

	"GET /v1/setup-links":  fixed("/v1/setup-links", nil),
	"POST /v1/setup-links": fixed("/v1/setup-links", map[string]any{"email": "it@supplier.test"}),
	"DELETE /v1/setup-links/{link}": func(tb testing.TB, p place) sample {
		tb.Helper()
		var made struct {
			ID id.SetupLink `json:"id"`
		}
		p.Bearer(p.Session(tb, p.tenant, rbac.Owner)).Do(tb, "POST", "/v1/setup-links", map[string]any{}).Want(tb, 201).JSON(tb, &made)
		return sample{path: "/v1/setup-links/" + made.ID.String()}
	},

	"GET /v1/api-keys":       fixed("/v1/api-keys", nil),
	"GET /v1/api-keys/{key}": key("", nil),
	"POST /v1/api-keys": fixed("/v1/api-keys", map[string]any{
		"name": "Build", "role": "viewer", "rate_limit": "60/min burst 10", "expires_at": time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}),
	"POST /v1/api-keys/{key}/rotate": key("/rotate", map[string]any{"overlap_seconds": 60}),
	"DELETE /v1/api-keys/{key}":      key("", nil),

	"GET /v1/members/{member}/why": member("/why?permission=members:write&feature=ai.agents", nil),
	"GET /v1/decisions":            fixed("/v1/decisions?limit=5&allowed=false&since=2026-01-01T00:00:00Z", nil),
	"GET /v1/decisions/{decision}": func(tb testing.TB, p place) sample {
		tb.Helper()
		var refused struct {
			ID id.Decision `json:"decision_id"`
		}
		p.Bearer(p.caller).Do(tb, "POST", "/v1/check", map[string]any{"permission": "no:such"}).Want(tb, 200).JSON(tb, &refused)
		path := "/v1/decisions/" + refused.ID.String()
		owner := p.Bearer(p.Session(tb, p.tenant, rbac.Owner))
		within(tb, 10*time.Second, func() bool { return owner.Do(tb, "GET", path, nil).StatusCode == 200 })
		return sample{path: path}
	},
	"GET /v1/events": fixed("/v1/events?limit=5", nil),

	"GET /.well-known/jwks.json": fixed("/.well-known/jwks.json", nil),
	"GET /openapi.yaml":          fixed("/openapi.yaml", nil),
	"GET /docs":                  fixed("/docs", nil),
	"GET /docs/problems":         fixed("/docs/problems", nil),
	"GET /docs/{file}":           fixed("/docs/reference.js", nil),
	"GET /healthz":               fixed("/healthz", nil),
	"GET /readyz":                fixed("/readyz", nil),
}
