package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type checkIn struct {
	Permission rbac.Permission `json:"permission,omitzero" doc:"For example chat:use"`
	Feature    billing.Feature `json:"feature,omitzero" doc:"For example ai.agents"`
}

func (in checkIn) question(ctx context.Context) access.Question {
	return access.Question{Permission: in.Permission, Feature: in.Feature, Route: web.RouteOf(ctx)}
}

// check answers about the caller. A suspended tenant or member is an answer here, not an error: the product asked.
func (a *API) check(ctx context.Context, in checkIn) (access.Decision, error) {
	if in.Permission == "" && in.Feature == "" {
		return access.Decision{}, errs.InvalidField("permission", "Name a permission, a feature or both.")
	}
	return a.Access.Ask(authn.From(ctx), web.Standing(ctx), in.question(ctx)), nil
}
