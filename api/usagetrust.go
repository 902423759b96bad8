package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

var errAboveReservation = errs.New(errs.Invalid, "above_reservation",
	"This is more than was reserved. An API key that may record usage can settle it; the reservation stands.")

// recordsUsage says whether a caller may record usage: then they are taken at their word about what a use came to. Whoever may only use is
// held to what was taken for them, and may name no cost: otherwise any viewer could use up, or bill, what the tenant has.
func (a *API) recordsUsage(ctx context.Context, p *authn.Principal, standing error, cost int64, currency string) (bool, error) {
	if p.Kind == authn.APIKey {
		standing = nil // it can be their tenant's suspension alone, and what the product counted before counts
	}
	if cost == 0 && currency == "" {
		d := a.Access.Decide(p, standing, rbac.UsageWrite, "") // no is no refusal
		if d.Undecided() {
			return false, d.Err()
		}
		return d.Allowed, nil
	}
	d := a.Access.Ask(p, standing, access.Question{Permission: rbac.UsageWrite, Route: web.RouteOf(ctx)})
	if !d.Allowed {
		return false, d.Err()
	}
	return true, nil
}
