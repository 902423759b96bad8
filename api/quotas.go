package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

type quotaOut struct {
	Meter     billing.Feature `json:"meter"`
	Unit      string          `json:"unit,omitzero"`
	Kind      quota.Kind      `json:"kind" enum:"tenant,user,api_key" doc:"Whose it is"`
	User      id.User         `json:"user,omitzero"`
	APIKey    id.Key          `json:"api_key,omitzero"`
	Measure   quota.Measure   `json:"measure" enum:"quantity,events,cost,subjects" doc:"What it counts. A cost is in billionths of the currency's unit"`
	Currency  string          `json:"currency,omitzero" doc:"Of a cost: that of the meter. What was paid in another does not count"`
	Period    billing.Period  `json:"period" enum:"day,month,billing,year"`
	Limit     int64           `json:"limit"`
	Used      int64           `json:"used" doc:"With what is lent to instances, for a second or so, and to calls that are not over"`
	Remaining int64           `json:"remaining"`
	ResetsAt  time.Time       `json:"resets_at"`
	Soft      bool            `json:"soft,omitzero" doc:"It lets calls pass that are above it"`
	ByPlan    bool            `json:"by_plan" doc:"It is the number of the plan with what was granted beside it, and no rule of the tenant's own"`
}

type quotasOut struct {
	Items []quotaOut `json:"items" doc:"The tenant's first. A meter of which the plan has no end has none by the plan"`
}

// quotas are the tenant's budgets that run.
func (a *API) quotas(ctx context.Context, _ web.None) (quotasOut, error) {
	p := authn.From(ctx)
	meters, err := a.Access.Meters(p)
	if err != nil {
		return quotasOut{}, err
	}
	list, err := a.Meters.Quota.States(ctx, p.Tenant, meters)
	if err != nil {
		return quotasOut{}, err
	}
	out := quotasOut{make([]quotaOut, 0, len(list))}
	for _, s := range list {
		q := quotaOut{
			Meter: s.Meter, Unit: meters[s.Meter].Meter.Unit, Kind: s.Kind, Measure: s.Measure, Currency: s.Currency, Period: s.Period, Limit: s.Limit.Value, Used: s.Used,
			Remaining: s.Remaining, ResetsAt: s.ResetsAt.UTC(), Soft: s.Soft, ByPlan: s.ByPlan,
		}
		switch s.Kind {
		case quota.OfUser:
			q.User = id.From[id.User](s.Subject)
		case quota.OfKey:
			q.APIKey = id.From[id.Key](s.Subject)
		case quota.OfTenant:
		}
		out.Items = append(out.Items, q)
	}
	return out, nil
}
