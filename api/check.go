package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/why"
)

type checkIn struct {
	Permission rbac.Permission `json:"permission,omitzero" doc:"For example chat:use"`
	Feature    billing.Feature `json:"feature,omitzero" doc:"For example ai.agents"`
	Quantity   int64           `json:"quantity,omitzero" minimum:"1" doc:"Of a numeric feature: how much there would be of it in all, for example 12 seats. Of a meter: the most that is used; 1 if it is left out"`
	takeIn
	Explain    bool   `json:"explain,omitzero" doc:"Also say by which steps; for callers with members:read"`
	MinVersion string `json:"min_version,omitzero" doc:"Gatehouse-Version of an answer that made a change: this one is at least as new"`
}

type checkOut struct {
	access.Decision
	takenOut
	Path []why.Step `json:"path,omitempty" doc:"If explain was asked for"`
}

// AppendPlain implements web.PlainOutput, for an answer without a path.
func (out checkOut) AppendPlain(b []byte) ([]byte, bool) {
	if out.Path != nil || out.takenOut != (takenOut{}) {
		return b, false
	}
	return out.Decision.AppendPlain(b)
}

func (in checkIn) question(ctx context.Context) access.Question {
	q := access.Question{Permission: in.Permission, Feature: in.Feature, Quantity: in.Quantity, Route: web.RouteOf(ctx)}
	if in.Meter != "" {
		q.Quantity = 0 // of the meter
	}
	if in.Permission == "" && in.Feature == "" {
		q.Permission = rbac.Self // a meter alone
	}
	return q
}

// check answers about the caller. A suspended tenant or member is an answer here, not an error: the product asked.
func (a *API) check(ctx context.Context, in checkIn) (checkOut, error) {
	if err := in.valid(""); err != nil {
		return checkOut{}, err
	}
	p, standing, err := a.caller(ctx, in.MinVersion)
	if err != nil {
		return checkOut{}, err
	}
	out := checkOut{Decision: a.Access.Ask(p, standing, in.question(ctx))}
	if in.Explain {
		if out.Path, err = a.explain(ctx, p, standing, in); err != nil {
			return out, err
		}
	}
	if in.Meter != "" && out.Allowed {
		err = a.checkMeter(ctx, p, in, &out)
	}
	return out, err
}

// valid says what is wrong with a question; prefix is where it stands in the body.
func (in checkIn) valid(prefix string) error {
	if in.takeIn != (takeIn{}) {
		return in.validMeter(prefix)
	}
	switch {
	case in.Permission == "" && in.Feature == "" && prefix == "": // a batch has no meters
		return errs.InvalidField("permission", "Name a permission, a feature or a meter.")
	case in.Permission == "" && in.Feature == "":
		return errs.InvalidField(prefix+"permission", "Name a permission, a feature or both.")
	case in.Quantity < 0:
		return errs.InvalidField(prefix+"quantity", "is at least 1")
	case in.Quantity > 0 && in.Feature == "":
		return errs.InvalidField(prefix+"feature", "Name the feature that the quantity is of.")
	}
	return nil
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
