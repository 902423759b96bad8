package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type catalogOut struct {
	Version     int64           `json:"version"`
	Permissions []permissionOut `json:"permissions"`
	Roles       []roleOut       `json:"roles"`
	Plans       []planOut       `json:"plans"`
	Features    []featureOut    `json:"features"`
}

type permissionOut struct {
	Name        rbac.Permission `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitzero"`
	Group       string          `json:"group,omitzero" doc:"Under what people find it"`
	Feature     billing.Feature `json:"feature,omitzero" doc:"The plan must include it"`
}

type roleOut struct {
	Name  rbac.Role `json:"name"`
	Title string    `json:"title"`
}

type planOut struct {
	Name  billing.Plan `json:"name"`
	Title string       `json:"title"`
}

type featureOut struct {
	Name        billing.Feature `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitzero"`
	From        billing.Plan    `json:"from" doc:"The lowest plan that includes it"`
	Numbers     []numberOut     `json:"numbers,omitzero" doc:"Of a numeric feature: how much each plan includes"`
	Period      billing.Period  `json:"period,omitzero" enum:"day,month,billing,year" doc:"Of a metered feature: the number counts anew in each"`
	Meter       meterOut        `json:"meter,omitzero" doc:"Of a metered feature"`
}

type meterOut struct {
	Unit        string              `json:"unit,omitzero" doc:"What is counted, for people"`
	Aggregation billing.Aggregation `json:"aggregation" enum:"sum,count,max,unique" doc:"What the events of a period come to"`
	Limit       billing.LimitKind   `json:"limit" enum:"hard,soft" doc:"A hard one refuses what is above the number"`
	Cost        int64               `json:"cost,omitzero" doc:"Of a unit, in millionths of a millionth of the currency's unit"`
	Currency    string              `json:"currency,omitzero" doc:"Of all costs of the meter, as in ISO 4217; if it is left out they may be of any, and no budget counts them"`
}

func meterOf(m billing.Meter) meterOut {
	return meterOut{m.Unit, m.Aggregation, m.Limit, m.Cost, m.Currency}
}

type numberOut struct {
	Plan      billing.Plan `json:"plan"`
	Number    int64        `json:"number" doc:"0 if unlimited"`
	Unlimited bool         `json:"unlimited,omitzero"`
}

func numbersOf(f catalog.Feature) []numberOut {
	var out []numberOut
	for _, plan := range billing.Plans() {
		if n, counted := f.Numbers[plan]; counted {
			out = append(out, numberOut{plan, n.Value, n.Unlimited})
		}
	}
	return out
}

func (a *API) catalog(_ context.Context, _ web.None) (catalogOut, error) {
	c, version := a.Access.Catalog()
	if c == nil {
		return catalogOut{}, access.ErrStale
	}
	out := catalogOut{Version: version}
	for _, p := range c.Permissions() {
		out.Permissions = append(out.Permissions, permissionOut{p.Name, p.Title, p.Description, p.Group, p.Feature})
	}
	for _, r := range c.Roles() {
		out.Roles = append(out.Roles, roleOut{r.Name, r.Title})
	}
	for _, p := range c.Plans() {
		out.Plans = append(out.Plans, planOut{p.Name, p.Title})
	}
	for _, f := range c.Features() {
		out.Features = append(out.Features, featureOut{f.Name, f.Title, f.Description, f.From, numbersOf(f), f.Meter.Period, meterOf(f.Meter)})
	}
	return out, nil
}
