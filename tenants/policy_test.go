package tenants_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestPolicyBounds(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.operator()
	set := func(p tenants.PolicyChange) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error { _, err := tenants.SetPolicy(ctx, tx, p); return err }
	}
	for _, seconds := range []int64{-1, 0, 299, 30*86400 + 1, 1 << 62} {
		c.refuse(ctx, "SetPolicy(idle)", errInvalid, set(tenants.PolicyChange{SessionIdle: &seconds}))
	}
	for _, seconds := range []int64{-1, 0, 299, 90*86400 + 1} {
		c.refuse(ctx, "SetPolicy(absolute)", errInvalid, set(tenants.PolicyChange{SessionAbsolute: &seconds}))
	}
	for _, role := range []rbac.Role{"", rbac.Owner, "system"} {
		c.refuse(ctx, "SetPolicy(google role)", errInvalid, set(tenants.PolicyChange{GoogleRole: &role}))
	}
	idle, absolute, role, no := int64(300), int64(90*86400), rbac.Viewer, false
	c.must(ctx, "SetPolicy", set(tenants.PolicyChange{SessionIdle: &idle, SessionAbsolute: &absolute, GoogleRole: &role, GoogleEnabled: &no}))
	c.must(ctx, "read", func(tx *db.TenantTx) error {
		_, p, err := tenants.Current(ctx, tx)
		p.Version = 0
		if want := (tenants.Policy{GoogleRole: rbac.Viewer, SessionIdle: 300, SessionAbsolute: 90 * 86400}); p != want {
			t.Errorf("policy = %+v, want %+v", p, want)
		}
		return err
	})
}

func TestPolicyCannotGiveARoleAboveTheCallers(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.as(c.join("m", rbac.Member))
	admin := rbac.Admin
	c.refuse(ctx, "SetPolicy(google role admin) by a member", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{GoogleRole: &admin})
		return err
	})
}

func TestOnlyWhoCameBySSOCanRequireIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	yes := true
	require := func(ctx context.Context) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error {
			_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &yes})
			return err
		}
	}
	for _, method := range []string{"google", "link", ""} {
		p := *authn.From(c.as(c.owner))
		p.Method = method
		ctx := authn.With(t.Context(), &p)
		c.refuse(ctx, "requiring SSO after "+method, tenants.ErrSSOUnproven, require(ctx))
	}
	key := &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Key: id.New[id.Key](), Role: string(rbac.Admin), Method: "api_key"}
	ctx := authn.With(t.Context(), key)
	c.refuse(ctx, "requiring SSO by an API key", tenants.ErrSSOUnproven, require(ctx))
	admin := *authn.From(c.as(c.join("admin", rbac.Admin)))
	admin.Method = "oidc"
	ctx = authn.With(t.Context(), &admin)
	c.refuse(ctx, "requiring SSO by an admin, whose provider it may be", tenants.ErrOwnerRequired, require(ctx))
	p := *authn.From(c.as(c.owner))
	p.Method = "oidc"
	ctx = authn.With(t.Context(), &p)
	c.must(ctx, "requiring SSO after oidc", require(ctx))
	c.must(c.as(c.owner), "what is so already", require(c.as(c.owner)))
	no, made := false, *key
	made.MadeByOperator = true
	ctx = authn.With(t.Context(), &made)
	c.must(ctx, "requiring it no more by a key that the operator made", func(tx *db.TenantTx) error {
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &no})
		return err
	})
	c.must(ctx, "requiring SSO by a key that the operator made", require(ctx))
}

func TestPolicyAllows(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		sso, google bool
		method      string
		role        rbac.Role
		want        bool
	}{
		{false, true, "google", rbac.Member, true},
		{false, false, "google", rbac.Member, false},
		{true, true, "google", rbac.Owner, false},
		{false, false, "oidc", rbac.Viewer, true},
		{true, false, "oidc", rbac.Viewer, true},
		{false, false, "link", rbac.Viewer, true},
		{true, false, "link", rbac.Admin, false},
		{true, false, "link", rbac.Owner, true}, // the way back in when the provider is broken
		{false, true, "", rbac.Owner, false},
		{false, true, "password", rbac.Owner, false},
	} {
		p := tenants.Policy{RequireSSO: tc.sso, GoogleEnabled: tc.google}
		if got := p.Allows(tc.method, tc.role); got != tc.want {
			t.Errorf("%+v: Allows(%q, %q) = %v, want %v", p, tc.method, tc.role, got, tc.want)
		}
	}
}
