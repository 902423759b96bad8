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
	MinVersion string          `json:"min_version,omitzero" doc:"Gatehouse-Version of an answer that made a change: this one is at least as new"`
}

func (in checkIn) question(ctx context.Context) access.Question {
	return access.Question{Permission: in.Permission, Feature: in.Feature, Route: web.RouteOf(ctx)}
}

// check answers about the caller. A suspended tenant or member is an answer here, not an error: the product asked.
func (a *API) check(ctx context.Context, in checkIn) (access.Decision, error) {
	if in.Permission == "" && in.Feature == "" {
		return access.Decision{}, errs.InvalidField("permission", "Name a permission, a feature or both.")
	}
	p, standing, err := a.caller(ctx, in.MinVersion)
	if err != nil {
		return access.Decision{}, err
	}
	return a.Access.Ask(p, standing, in.question(ctx)), nil
}

// caller is who asks, and what speaks against them, as of a version or later; "" leaves it at what the request was authenticated from.
func (a *API) caller(ctx context.Context, version string) (p *authn.Principal, standing, err error) {
	p = authn.From(ctx)
	if version == "" {
		return p, web.Standing(ctx), nil
	}
	p, standing = a.Access.Since(ctx, p, version)
	if standing != nil && errs.As(standing).Kind != errs.Forbidden {
		return nil, nil, standing
	}
	return p, standing, nil
}
