package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type tenantID = id.Tenant

// maxStreamed is how many members a tenant may have whose members are streamed.
const maxStreamed = 50_000

var errTooMany = errs.New(errs.Conflict, "too_many_members", "The organization has too many members to stream them. Ask by POST /v1/check.")

// streamOut is a snapshot, in which all parts are, or a change, in which those parts are that are not as before.
type streamOut struct {
	Version  int64         `json:"version" doc:"Of the tenant: it moves with each change"`
	Terms    *termsOut     `json:"terms,omitempty"`
	Members  *[]personOut  `json:"members,omitempty" doc:"In a snapshot all who are not removed; in a change those who are not as before"`
	All      bool          `json:"all_members,omitempty" doc:"Members are all: who is not among them is none"`
	Sessions *[]id.Session `json:"ended_sessions,omitempty" doc:"Whose access tokens are worth nothing, though they have not expired"`
}

type termsOut struct {
	Tenant      id.Tenant                           `json:"tenant_id"`
	Status      tenants.Status                      `json:"status"`
	Plan        billing.Plan                        `json:"plan"`
	Catalog     int64                               `json:"catalog_version"`
	RequireSSO  bool                                `json:"require_sso"`
	Permissions map[rbac.Permission]billing.Feature `json:"permissions" doc:"Each with the feature that it needs, or an empty text"`
	Features    map[billing.Feature]streamedFeature `json:"features"`
	Roles       map[rbac.Role]streamedRole          `json:"roles"`
}

type streamedFeature struct {
	Included bool            `json:"included"`
	Off      bool            `json:"switched_off,omitempty" doc:"By the operator: no plan would help"`
	Number   *billing.Number `json:"number,omitempty"`
}

type streamedRole struct {
	Holds   []rbac.Permission `json:"holds" doc:"On whatever plan"`
	Allowed []rbac.Permission `json:"allowed" doc:"As the plan is; without those that every member has"`
	Methods []string          `json:"methods" doc:"By which ways of signing in its members may be here"`
}

type personOut struct {
	ID     id.Membership        `json:"id"`
	UserID id.User              `json:"user_id"`
	Role   rbac.Role            `json:"role"`
	Status tenants.MemberStatus `json:"status"`
}

// next is what has changed since it was called last; nil if nothing has.
func (f *feed) next(ctx context.Context) (*streamOut, error) {
	asOf := time.Now()
	c, age := f.watch.Take()
	if asOf = asOf.Add(-age); asOf.Before(f.asOf) {
		asOf = f.asOf // what was true as of then still is
	}
	now := f.api.Access.Now()
	if !f.until.IsZero() && !now.Before(f.until) {
		c.Tenant = true
	}
	if c.Empty() {
		f.asOf = asOf
		return nil, nil //nolint:nilnil // nothing has
	}
	var out streamOut
	terms, err := f.api.Access.Terms(ctx, f.tenant)
	if err != nil {
		return nil, err
	}
	out.Version = terms.Tenant.Version
	if c.Tenant || c.Catalog {
		f.until = terms.Until
		out.Terms = termsOf(terms)
	}
	if c.AllMembers || c.AllSessions || len(c.Members)+len(c.Sessions) > 0 {
		err = f.api.DB.Tenant(ctx, f.tenant, func(tx *db.TenantTx) error { return out.load(tx, f.tenant, &c) })
	}
	if err != nil {
		return nil, err
	}
	f.asOf = asOf
	return &out, nil
}

func (o *streamOut) load(tx *db.TenantTx, tenant id.Tenant, c *access.Changes) error {
	if c.AllMembers || len(c.Members) > 0 {
		if c.AllMembers {
			c.Members, o.All = nil, true
		}
		people, err := access.People(tx, tenant, c.Members, maxStreamed+1)
		if err != nil {
			return err
		}
		if len(people) > maxStreamed {
			return errTooMany
		}
		members := make([]personOut, len(people))
		for i, m := range people {
			members[i] = personOut(m)
		}
		o.Members = &members
	}
	if c.AllSessions || len(c.Sessions) > 0 {
		if c.AllSessions {
			c.Sessions = nil
		}
		ended, err := access.Ended(tx, tenant, c.Sessions, tx.Now.Add(-2*sessions.AccessLifetime))
		if err != nil {
			return err
		}
		ended = append([]id.Session{}, ended...)
		o.Sessions = &ended
	}
	return nil
}

func termsOf(t *access.Terms) *termsOut {
	out := &termsOut{
		Tenant: t.Tenant.ID, Status: t.Tenant.Status, Plan: t.Plan, Catalog: t.Catalog, RequireSSO: t.Tenant.Policy.RequireSSO,
		Permissions: map[rbac.Permission]billing.Feature{}, Features: map[billing.Feature]streamedFeature{}, Roles: map[rbac.Role]streamedRole{},
	}
	for _, p := range t.Permissions {
		out.Permissions[p.Name] = p.Feature
	}
	for _, x := range t.Features {
		out.Features[x.Feature] = streamedFeature{x.Included, x.Source == catalog.FromOverride && !x.Included, x.Number}
	}
	for _, r := range t.Roles {
		role := streamedRole{append([]rbac.Permission{}, r.Holds...), append([]rbac.Permission{}, r.Allowed...), []string{}}
		for _, method := range []string{"oidc", "saml", "google", "link"} {
			if t.Tenant.Policy.Allows(method, r.Name) {
				role.Methods = append(role.Methods, method)
			}
		}
		out.Roles[r.Name] = role
	}
	return out
}
