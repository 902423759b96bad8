package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/why"
)

type whyIn struct {
	Member     id.Membership   `path:"member" json:"-"`
	Permission rbac.Permission `query:"permission" json:"-" doc:"For example reports:export"`
	Feature    billing.Feature `query:"feature" json:"-" doc:"Beside what the permission needs, or alone"`
}

type whyOut struct {
	Allowed   bool       `json:"allowed"`
	Clause    string     `json:"clause,omitempty" doc:"What refuses"`
	NeedsRole string     `json:"needs_role,omitempty" doc:"The lowest role that would allow"`
	NeedsPlan string     `json:"needs_plan,omitempty" doc:"The lowest plan that would allow"`
	Message   string     `json:"message,omitempty" doc:"For a person"`
	Path      []why.Step `json:"path"`
}

// why answers an auditor about a member. It is no decision, and leaves none in the log.
func (a *API) why(ctx context.Context, in whyIn) (whyOut, error) {
	if in.Permission == "" && in.Feature == "" {
		return whyOut{}, errs.InvalidField("permission", "Name a permission, a feature or both.")
	}
	p, standing := a.Access.Member(ctx, authn.From(ctx).Tenant, in.Member)
	if p == nil {
		if errs.As(standing).Kind == errs.Forbidden {
			return whyOut{}, errs.NotFound("member").Because(standing)
		}
		return whyOut{}, standing
	}
	d := a.Access.Decide(p, standing, in.Permission, in.Feature)
	path, err := a.path(ctx, why.Question{Principal: p, Standing: standing, Permission: in.Permission, Feature: in.Feature})
	return whyOut{d.Allowed, d.Clause, d.NeedsRole, d.NeedsPlan, d.Message, path}, err
}

// explain is the path of a decision about the caller. It names who did what, so it is for those who may see the members.
func (a *API) explain(ctx context.Context, p *authn.Principal, standing error, in checkIn) ([]why.Step, error) {
	asked := access.Question{Permission: rbac.MembersRead, Route: web.RouteOf(ctx)}
	if d := a.Access.Ask(p, standing, asked); !d.Allowed {
		return nil, d.Err()
	}
	return a.path(ctx, why.Question{Principal: p, Permission: in.Permission, Feature: in.Feature})
}

func (a *API) path(ctx context.Context, q why.Question) (path []why.Step, err error) {
	err = a.DB.Tenant(ctx, q.Principal.Tenant, func(tx *db.TenantTx) error {
		path, err = why.Path(ctx, tx, a.Access, q)
		return err
	})
	return path, err
}
