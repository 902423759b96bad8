package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type quotaRuleOut struct {
	Meter    billing.Feature `json:"meter"`
	Of       string          `json:"of" doc:"tenant; user or api_key for each of them; or the id of one"`
	Measure  quota.Measure   `json:"measure" enum:"quantity,events,cost" doc:"The cost is in billionths of the currency's unit"`
	Currency string          `json:"currency,omitzero" doc:"Of a cost: in which the meter was sold when the budget was set. Of any other it allows nothing until it is set anew"`
	Period   billing.Period  `json:"period" enum:"day,month,billing,year"`
	Amount   int64           `json:"amount"`
	Soft     bool            `json:"soft" doc:"A soft one lets everything pass, and says that it is over"`
}

func quotaRuleOf(r quota.Rule) quotaRuleOut {
	return quotaRuleOut{r.Meter, r.Of(), r.Measure, r.Currency, r.Period, r.Amount, r.Soft}
}

type quotaRulesOut struct {
	Items []quotaRuleOut `json:"items" doc:"At most 1,000"`
}

func (a *API) quotaRules(ctx context.Context, tx *db.TenantTx, _ web.None) (quotaRulesOut, error) {
	list, err := quota.Rules(ctx, tx)
	out := quotaRulesOut{Items: make([]quotaRuleOut, 0, len(list))}
	for _, r := range list {
		out.Items = append(out.Items, quotaRuleOf(r))
	}
	return out, err
}

// quotaRuleIn names a rule: there is one of each name, so that to set it twice is to set it once.
type quotaRuleIn struct {
	Meter   billing.Feature `path:"meter" json:"-"`
	Of      string          `path:"of" json:"-"`
	Measure quota.Measure   `path:"measure" json:"-"`
	Period  billing.Period  `path:"period" json:"-"`
}

func (in quotaRuleIn) rule() (quota.Rule, error) {
	kind, subject, err := quota.ParseOf(in.Of)
	return quota.Rule{Meter: in.Meter, Measure: in.Measure, Kind: kind, Subject: subject, Period: in.Period}, err
}

type setQuotaRuleIn struct {
	quotaRuleIn
	Amount *int64 `json:"amount" doc:"From 0 to 1,000,000,000,000,000,000"`
	Soft   bool   `json:"soft,omitzero" doc:"Lets everything pass, and says that it is over"`
}

func (a *API) setQuotaRule(ctx context.Context, tx *db.TenantTx, in setQuotaRuleIn) (quotaRuleOut, error) {
	c, err := a.rules()
	if err != nil {
		return quotaRuleOut{}, err
	}
	r, err := in.rule()
	if err != nil {
		return quotaRuleOut{}, err
	}
	if in.Amount == nil {
		return quotaRuleOut{}, errs.InvalidField("amount", "Say how much. 0 is nothing at all.")
	}
	r.Amount, r.Soft = *in.Amount, in.Soft
	r, err = tenants.SetBudget(ctx, tx, c, r)
	return quotaRuleOf(r), err
}

func (a *API) removeQuotaRule(ctx context.Context, tx *db.TenantTx, in quotaRuleIn) (web.None, error) {
	r, err := in.rule()
	if err != nil {
		return web.None{}, err
	}
	return web.None{}, quota.RemoveRule(ctx, tx, r)
}

type quotaGrantOut struct {
	ID        id.Grant        `json:"id"`
	Meter     billing.Feature `json:"meter"`
	Amount    int64           `json:"amount" doc:"That was given; what is used of it counts once"`
	StartsAt  time.Time       `json:"starts_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Reason    string          `json:"reason"`
	GivenBy   string          `json:"given_by"`
	RevokedAt *time.Time      `json:"revoked_at,omitzero"`
}

type quotaGrantsOut struct {
	Items []quotaGrantOut `json:"items" doc:"The oldest first, also those that are over"`
}

func (a *API) quotaGrants(ctx context.Context, tx *db.TenantTx, _ web.None) (quotaGrantsOut, error) {
	list, err := quota.Grants(ctx, tx)
	out := quotaGrantsOut{Items: make([]quotaGrantOut, 0, len(list))}
	for _, g := range list {
		out.Items = append(out.Items, quotaGrantOut{g.ID, g.Meter, g.Amount, g.StartsAt.UTC(), g.ExpiresAt.UTC(), g.Reason, g.GivenBy, g.RevokedAt})
	}
	return out, err
}
