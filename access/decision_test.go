package access_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const product = `
version: 1
features:
  ai: {from: pro}
permissions:
  chat:use: {}
  chat:admin: {feature: ai}
roles:
  member: {permissions: [chat:use]}
  admin: {permissions: [chat:admin]}
`

func TestDecideNamesWhatRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(product))
	s := w.deaf(w.config())
	as := func(role rbac.Role, plan billing.Plan) *authn.Principal {
		return &authn.Principal{Kind: authn.Member, Tenant: w.tenant.ID, Role: string(role), Plan: string(plan)}
	}
	type answer struct{ Clause, NeedsRole, NeedsPlan string }
	for _, tc := range []struct {
		what       string
		p          *authn.Principal
		standing   error
		permission rbac.Permission
		feature    billing.Feature
		want       answer
	}{
		{"may", as(rbac.Member, billing.Free), nil, "chat:use", "", answer{}},
		{"may by permission and feature", as(rbac.Admin, billing.Pro), nil, "chat:admin", "ai", answer{}},
		{"may by feature alone", as(rbac.Viewer, billing.Team), nil, "", "ai", answer{}},
		{"self", as(rbac.Viewer, billing.Free), nil, rbac.Self, "", answer{}},
		{"role", as(rbac.Viewer, billing.Free), nil, "chat:use", "", answer{"role_lacks_permission", "member", ""}},
		{"role and plan", as(rbac.Viewer, billing.Free), nil, "chat:admin", "", answer{"role_lacks_permission", "admin", "pro"}},
		{"plan", as(rbac.Admin, billing.Free), nil, "chat:admin", "", answer{"feature_not_in_plan", "", "pro"}},
		{"plan of the feature asked for", as(rbac.Admin, billing.Free), nil, "chat:use", "ai", answer{"feature_not_in_plan", "", "pro"}},
		{"SSO", as(rbac.Owner, billing.Free), nil, "", billing.SSO, answer{"feature_not_in_plan", "", "team"}},
		{"unknown permission", as(rbac.Owner, billing.Enterprise), nil, "chat:*", "", answer{"unknown_permission", "", ""}},
		{"unknown feature", as(rbac.Owner, billing.Enterprise), nil, "chat:use", "nothing", answer{"unknown_feature", "", ""}},
		{"unknown role", as("root", billing.Enterprise), nil, "chat:use", "", answer{"unknown_role", "", ""}},
		{"no role", as("", billing.Enterprise), nil, "chat:use", "", answer{"unknown_role", "", ""}},
		{"unknown plan", as(rbac.Owner, "gold"), nil, "chat:use", "", answer{"unknown_plan", "", ""}},
		{"nothing asked", as(rbac.Owner, billing.Enterprise), nil, "", "", answer{"unknown_permission", "", ""}},
		{"nobody", nil, nil, "chat:use", "", answer{"no_membership", "", ""}},
		// Standing comes first, whatever else would refuse.
		{"suspended tenant", as(rbac.Viewer, billing.Free), access.ErrTenantSuspended, "chat:admin", "", answer{"tenant_suspended", "", ""}},
		{"suspended member", as(rbac.Owner, billing.Enterprise), access.ErrMemberSuspended, "chat:use", "", answer{"member_suspended", "", ""}},
		{"no membership", as(rbac.Owner, billing.Enterprise), access.ErrNoMembership, "chat:use", "", answer{"no_membership", "", ""}},
		{"SSO required", as(rbac.Owner, billing.Enterprise), access.ErrSSORequired, "nothing:known", "", answer{"sso_required", "", ""}},
		{"method disabled", as(rbac.Owner, billing.Enterprise), access.ErrMethodDisabled, "chat:use", "", answer{"method_disabled", "", ""}},
		{"revoked", nil, access.ErrSessionRevoked, "chat:use", "", answer{"session_revoked", "", ""}},
		{"outage", nil, access.ErrStale.Because(context.DeadlineExceeded), "chat:use", "", answer{"database_unavailable", "", ""}},
		{"something else", as(rbac.Owner, billing.Enterprise), context.Canceled, "chat:use", "", answer{"internal", "", ""}},
	} {
		d := s.Decide(tc.p, tc.standing, tc.permission, tc.feature)
		if diff := cmp.Diff(tc.want, answer{d.Clause, d.NeedsRole, d.NeedsPlan}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.what, diff)
		}
		if d.Allowed != (tc.want.Clause == "") || (d.Message == "") != d.Allowed || d.ID.IsZero() {
			t.Errorf("%s: %+v, want a refusal to have a clause, a message and an id", tc.what, d)
		}
		if tc.standing != nil || d.Allowed {
			continue
		}
		err := s.Require(t.Context(), tc.p, tc.permission, tc.feature)
		if e := errs.As(err); e.Code != d.Clause || e.Kind != errs.Forbidden || e.Extra["decision_id"] == "" {
			t.Errorf("%s: Require = %v, want the clause as the code", tc.what, err)
		}
	}
	if (access.Decision{}).Allowed {
		t.Error("the zero decision allows")
	}
}

func TestDecisionIDsAreUnique(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.deaf(w.config())
	seen := map[id.Decision]bool{}
	for range 1000 {
		seen[s.Decide(nil, nil, rbac.Self, "").ID] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d ids for 1000 decisions", len(seen))
	}
}
