package apitest

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// Roles are the four roles, lowest first.
func Roles() []rbac.Role { return []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin, rbac.Owner} }

// Tenant is a customer with a member of each role, a verified domain and an identity provider that it is not yet connected to.
type Tenant struct {
	tenants.Tenant
	Members map[rbac.Role]tenants.Membership
	Domain  string
	IDP     *testidp.Provider // its people have the roles' names as logins

	server *Server
}

// NewTenant makes a tenant that no other test touches.
func (s *Server) NewTenant(tb testing.TB, plan billing.Plan) *Tenant {
	tb.Helper()
	name := fmt.Sprintf("company-%d", s.names.Add(1))
	t := &Tenant{Members: map[rbac.Role]tenants.Membership{}, Domain: name + ".test", server: s}
	ctx := authn.AsOperator(tb.Context())
	must(tb, s.Scope.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		in := tenants.New{Slug: name, Name: "Company " + name, Plan: plan, Owner: "owner@" + t.Domain}
		if t.Tenant, t.Members[rbac.Owner], err = tenants.Create(ctx, sys, tx, in); err != nil {
			return err
		}
		for _, role := range Roles()[:3] {
			if t.Members[role], err = join(ctx, sys, tx, role, string(role)+"@"+t.Domain); err != nil {
				return err
			}
		}
		if _, err = tenants.AddDomain(ctx, tx, t.Domain); err != nil {
			return err
		}
		_, err = tenants.VerifyDomain(ctx, sys, tx, t.Domain)
		return err
	}))
	issuer := testidp.Issuer{Name: name, Algorithm: testidp.ES256, Clients: []testidp.Client{{ID: name, Secret: clientSecret}}}
	for _, role := range Roles() {
		issuer.Users = append(issuer.Users, testidp.User{
			Login: string(role), Subject: name + "-" + string(role), Email: string(role) + "@" + t.Domain, EmailVerified: true,
		})
	}
	var err error
	t.IDP, err = s.TestIDP.AddIssuer(issuer)
	must(tb, err)
	return t
}

func join(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, role rbac.Role, email string) (tenants.Membership, error) {
	user, err := tenants.NewUser(ctx, sys)
	if err != nil {
		return tenants.Membership{}, err
	}
	return tenants.Join(ctx, tx, user, role, tenants.Profile{Email: email, Name: "Somebody"}, tenants.SourceSeed)
}

// Join makes another member, who is a new person.
func (t *Tenant) Join(tb testing.TB, role rbac.Role) tenants.Membership {
	tb.Helper()
	var m tenants.Membership
	ctx := authn.AsOperator(tb.Context())
	must(tb, t.server.Scope.Admit(ctx, t.ID, func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		m, err = join(ctx, sys, tx, role, fmt.Sprintf("person-%d@%s", t.server.names.Add(1), t.Domain))
		return err
	}))
	return m
}

// Adopt makes the person of a membership elsewhere a member here too.
func (t *Tenant) Adopt(tb testing.TB, person tenants.Membership, role rbac.Role) tenants.Membership {
	tb.Helper()
	var m tenants.Membership
	t.Within(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		m, err = tenants.Join(ctx, tx, person.UserID, role, tenants.Profile{Email: person.Email, Name: person.Name}, tenants.SourceSeed)
		return err
	})
	return m
}

// Within runs do inside the tenant as the operator.
func (t *Tenant) Within(tb testing.TB, do func(context.Context, *db.TenantTx) error) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, t.server.Scope.Tenant(ctx, t.ID, func(tx *db.TenantTx) error { return do(ctx, tx) }))
}

// SetPlan puts the tenant on another plan.
func (t *Tenant) SetPlan(tb testing.TB, plan billing.Plan) {
	tb.Helper()
	t.Within(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		t.Tenant, err = tenants.SetPlan(ctx, tx, plan)
		return err
	})
}

// Connect connects the tenant to its provider, as its owner would, and activates the connection.
func (t *Tenant) Connect(tb testing.TB) id.Connection {
	tb.Helper()
	owner := t.server.Bearer(t.server.Session(tb, t, rbac.Owner))
	var made struct {
		ID id.Connection `json:"id"`
	}
	owner.Do(tb, "POST", "/v1/connections", t.Connection()).Want(tb, 201).JSON(tb, &made)
	owner.Do(tb, "POST", "/v1/connections/"+made.ID.String()+"/activate", nil).Want(tb, 200)
	return made.ID
}

// Connection is what connects the tenant to its provider: the body of POST /v1/connections.
func (t *Tenant) Connection() map[string]any {
	return map[string]any{"name": "Provider", "issuer": t.IDP.URL(), "client_id": t.IDP.Name(), "client_secret": clientSecret}
}
