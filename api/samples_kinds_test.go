package api_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func fixed(path string, body any) func(testing.TB, place) sample {
	return func(testing.TB, place) sample { return sample{path: path, body: body} }
}

// member is a request about another member, who has a session.
func member(suffix string, body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		m := p.tenant.Join(tb, rbac.Member)
		p.SessionOf(tb, p.tenant, m)
		return sample{path: "/v1/members/" + m.ID.String() + suffix, body: body}
	}
}

// connection is a request about an active connection.
func connection(suffix string, body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/connections/" + p.tenant.Connect(tb).String() + suffix, body: body}
	}
}

// saml is a request about an active SAML connection.
func saml(suffix string, body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/connections/" + p.tenant.ConnectSAML(tb).ID.String() + suffix, body: body}
	}
}

// invitation is a request about an invitation that is pending.
func invitation(suffix string) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		var made struct {
			ID id.Invitation `json:"id"`
		}
		p.Bearer(p.Session(tb, p.tenant, rbac.Owner)).Do(tb, "POST", "/v1/invitations", map[string]any{"email": "new@elsewhere.test"}).Want(tb, 201).JSON(tb, &made)
		return sample{path: "/v1/invitations/" + made.ID.String() + suffix}
	}
}

// role is a request about a role of the tenant's own.
func role(body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		c, err := catalog.Parse("catalog.yaml", catalog.Default())
		if err != nil {
			tb.Fatal(err)
		}
		var r tenants.CustomRole
		ctx := authn.AsOperator(tb.Context())
		err = p.Scope.Tenant(ctx, p.tenant.ID, func(tx *db.TenantTx) error {
			r, err = tenants.CreateCustomRole(ctx, tx, c, tenants.NewCustomRole{Name: "Of the sample", Permissions: []rbac.Permission{rbac.MembersRead}})
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
		return sample{path: "/v1/roles/" + r.ID.String(), body: body}
	}
}

// quotaRule is a request about the budget of one member.
func quotaRule(body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		user := p.tenant.Join(tb, rbac.Member).UserID
		p.tenant.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
			return quota.SetRule(ctx, tx, quota.Rule{
				Meter: "ai.messages", Measure: quota.Quantity, Kind: quota.OfUser, Subject: user.UUID(), Period: billing.Day, Amount: 10,
			})
		})
		return sample{path: "/v1/quota-rules/ai.messages/" + user.String() + "/quantity/day", body: body}
	}
}

// domain is a request about a domain that is not verified.
func domain(suffix string) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		var d tenants.Domain
		p.tenant.Within(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
			d, err = tenants.AddDomain(ctx, tx, "pending.example")
			return err
		})
		return sample{path: "/v1/domains/" + d.ID.String() + suffix}
	}
}

// evaluation asks about the caller, as everybody may.
func evaluation(path string) func(testing.TB, place) sample {
	return func(_ testing.TB, p place) sample {
		return sample{path: path, body: map[string]any{
			"subject":  map[string]any{"type": "member", "id": p.caller.Member.ID.String()},
			"action":   map[string]any{"name": "members:read"},
			"resource": map[string]any{"type": "feature", "id": "ai.agents"},
		}}
	}
}

// key is a request about an API key.
func key(suffix string, body any) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		return sample{path: "/v1/api-keys/" + p.APIKey(tb, p.tenant, rbac.Viewer).ID.String() + suffix, body: body}
	}
}

// attempt is of a sign-in that was refused after the provider had answered.
func attempt(suffix string) func(testing.TB, place) sample {
	return func(tb testing.TB, p place) sample {
		tb.Helper()
		a, _ := p.tenant.Refuse(tb)
		return sample{path: "/v1/sign-ins/" + a.String() + suffix}
	}
}

// newPlace makes a tenant that has every feature, and a session of its owner.
func newPlace(tb testing.TB, s *apitest.Server, changes ...func(*sessions.Start)) place {
	tb.Helper()
	t := s.NewTenant(tb, billing.Enterprise)
	return place{s, t, s.Session(tb, t, rbac.Owner, changes...)}
}

// try makes the sample of a row.
func (p place) try(tb testing.TB, row string) sample {
	tb.Helper()
	of := samples[row]
	if of == nil {
		tb.Fatalf("%s has no valid request in samples_test.go", row)
	}
	s := of(tb, p)
	if s.caller == nil {
		s.caller = p.caller
	}
	return s
}
