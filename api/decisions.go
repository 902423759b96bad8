package api

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
)

type decisionOut struct {
	ID             id.Decision   `json:"id"`
	At             time.Time     `json:"at"`
	Member         id.Membership `json:"member,omitzero" doc:"Whom it was about"`
	APIKey         id.Key        `json:"api_key,omitzero" doc:"Or which API key; neither if it was about nobody of the tenant"`
	Role           string        `json:"role,omitzero" doc:"As it was then"`
	Plan           string        `json:"plan,omitzero" doc:"As it was then"`
	Permission     string        `json:"permission,omitzero"`
	Feature        string        `json:"feature,omitzero"`
	Route          string        `json:"route,omitzero" doc:"Where it was asked, for example POST /v1/check"`
	Allowed        bool          `json:"allowed"`
	Clause         string        `json:"clause,omitzero" doc:"What refused"`
	NeedsRole      string        `json:"needs_role,omitzero" doc:"The lowest role that would have allowed"`
	NeedsPlan      string        `json:"needs_plan,omitzero" doc:"The lowest plan that would have allowed"`
	CatalogVersion int64         `json:"catalog_version,omitzero" doc:"The catalog that decided"`
}

func decisionOf(d decisions.Decision) decisionOut {
	return decisionOut{
		d.ID, d.At, d.MemberID, d.KeyID, d.Role, d.Plan, d.Permission, d.Feature, d.Route, d.Allowed, d.Clause, d.NeedsRole, d.NeedsPlan,
		d.CatalogVersion,
	}
}

type decisionsIn struct {
	Limit      int           `query:"limit" json:"-" doc:"At most 200"`
	Cursor     string        `query:"cursor" json:"-" doc:"next_cursor of the page before"`
	Member     id.Membership `query:"member" json:"-" doc:"Only about this member"`
	Permission string        `query:"permission" json:"-" doc:"Only about this permission"`
	Allowed    *bool         `query:"allowed" json:"-" doc:"Only approvals, or only refusals"`
	Since      time.Time     `query:"since" json:"-" doc:"Not before this time (RFC 3339)"`
	Until      time.Time     `query:"until" json:"-" doc:"Before this time (RFC 3339)"`
}

func (a *API) decisions(ctx context.Context, tx *db.TenantTx, in decisionsIn) (page.Page[decisionOut], error) {
	filter := decisions.Filter{Member: in.Member, Permission: in.Permission, Allowed: in.Allowed, Since: in.Since, Until: in.Until}
	rows := func(ctx context.Context, tx *db.TenantTx, before id.Decision, limit int) ([]decisions.Decision, error) {
		return decisions.List(ctx, tx, filter, before, limit)
	}
	allowed := "all"
	if in.Allowed != nil {
		allowed = fmt.Sprint(*in.Allowed)
	}
	query := fmt.Sprintf("decisions\x00%s\x00%s\x00%s\x00%d\x00%d", in.Member, in.Permission, allowed, in.Since.UnixNano(), in.Until.UnixNano())
	return list(a, listIn{in.Limit, in.Cursor}, tx, query, rows, decisionOf, func(d decisionOut) id.Decision { return d.ID })(ctx)
}

type decisionIn struct {
	Decision id.Decision `path:"decision" json:"-"`
}

func (a *API) decision(ctx context.Context, tx *db.TenantTx, in decisionIn) (decisionOut, error) {
	d, err := decisions.Find(ctx, tx, in.Decision)
	return decisionOf(d), err
}
