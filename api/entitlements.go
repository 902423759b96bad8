package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

type entitlementsOut struct {
	Plan     billing.Plan  `json:"plan" doc:"That was bought; a running trial is beside it"`
	Version  int64         `json:"version" doc:"Of the plan: newer ones are taken by a move alone"`
	Trial    *trialOut     `json:"trial,omitzero" doc:"The higher plan that decides until it ends"`
	Move     *planMoveOut  `json:"move,omitzero" doc:"The dated change of the plan"`
	Features []entitledOut `json:"features" doc:"All of the catalog, and what only the version of the plan has; sorted"`
}

type trialOut struct {
	Plan    billing.Plan `json:"plan"`
	Version int64        `json:"version"`
	Until   time.Time    `json:"until"`
}

type planMoveOut struct {
	Plan    billing.Plan `json:"plan"`
	Version int64        `json:"version"`
	At      time.Time    `json:"at"`
}

type entitledOut struct {
	Name      billing.Feature `json:"name"`
	Included  bool            `json:"included"`
	Number    *int64          `json:"number,omitzero" doc:"Of a numeric feature that is not unlimited"`
	Unlimited bool            `json:"unlimited,omitzero" doc:"Of a numeric feature"`
	Period    billing.Period  `json:"period,omitzero" enum:"day,month,billing,year" doc:"Of a metered feature"`
	Source    catalog.Source  `json:"source" enum:"plan,trial,override" doc:"What says so"`
	ExpiresAt *time.Time      `json:"expires_at,omitzero" doc:"When the trial or the override ends"`
}

// entitlements says what the tenant has at this moment, from the snapshot that decides.
func (a *API) entitlements(ctx context.Context, _ web.None) (entitlementsOut, error) {
	t, err := a.Access.Tenant(ctx, authn.From(ctx).Tenant)
	if err != nil {
		return entitlementsOut{}, err
	}
	c, _ := a.Access.Catalog()
	if c == nil {
		return entitlementsOut{}, access.ErrStale
	}
	return entitlementsOf(c, &t.Sold, a.Access.Now()), nil
}

func entitlementsOf(c *catalog.Catalog, e *billing.Entitlements, now time.Time) entitlementsOut {
	bought, at := e.Bought(now), e.At(now)
	out := entitlementsOut{Plan: bought.Plan, Version: bought.Version, Features: []entitledOut{}}
	if at != bought {
		out.Trial = &trialOut{at.Plan, at.Version, e.Trial.Until.UTC()}
	}
	if e.Move != nil && now.Before(e.Move.At) {
		out.Move = &planMoveOut{e.Move.To.Plan, e.Move.To.Version, e.Move.At.UTC()}
	}
	for _, f := range c.Entitled(e, now) {
		feature := entitledOut{Name: f.Feature, Included: f.Included, Period: f.Sale.Period, Source: f.Source}
		if f.Number != nil {
			if feature.Unlimited = f.Number.Unlimited; !f.Number.Unlimited {
				feature.Number = &f.Number.Value
			}
		}
		if !f.Expires.IsZero() {
			expires := f.Expires.UTC()
			feature.ExpiresAt = &expires
		}
		out.Features = append(out.Features, feature)
	}
	return out
}
