package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
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
	Name    rbac.Permission `json:"name"`
	Title   string          `json:"title"`
	Feature billing.Feature `json:"feature,omitzero" doc:"The plan must include it"`
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
	Name  billing.Feature `json:"name"`
	Title string          `json:"title"`
	From  billing.Plan    `json:"from" doc:"The lowest plan that includes it"`
}

func (a *API) catalog(_ context.Context, _ web.None) (catalogOut, error) {
	c, version := a.Access.Catalog()
	if c == nil {
		return catalogOut{}, access.ErrStale
	}
	out := catalogOut{Version: version}
	for _, p := range c.Permissions() {
		out.Permissions = append(out.Permissions, permissionOut{p.Name, p.Title, p.Feature})
	}
	for _, r := range c.Roles() {
		out.Roles = append(out.Roles, roleOut{r.Name, r.Title})
	}
	for _, p := range c.Plans() {
		out.Plans = append(out.Plans, planOut{p.Name, p.Title})
	}
	for _, f := range c.Features() {
		out.Features = append(out.Features, featureOut{f.Name, f.Title, f.From})
	}
	return out, nil
}
