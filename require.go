package gatehouse

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Requirement is a further demand of [Gatehouse.Require].
type Requirement func(*requirements)

type requirements struct {
	feature billing.Feature
	group   catalog.Group
}

// Feature demands that the tenant's plan includes a feature of the catalog.
func Feature(name string) Requirement {
	return func(r *requirements) { r.feature = billing.Feature(name) }
}

// Group counts the route's requests as those of a group of the catalog's limits: what the tenant's plan allows of it holds, and one that the
// catalog does not name counts with the API's own. Without it a product's route is not limited.
func Group(name string) Requirement {
	return func(r *requirements) { r.group = catalog.Group(name) }
}

// Require guards a route of an embedding product: a session or an API key, a tenant, member and sign-in in good standing, the permission,
// and what else is demanded. A refusal is a problem document that names the clause and what would allow the request. A permission or
// feature that the catalog does not have refuses everybody.
func (g *Gatehouse) Require(permission string, further ...Requirement) echo.MiddlewareFunc {
	var r requirements
	for _, f := range further {
		f(&r)
	}
	return g.web.Guard(rbac.Permission(permission), r.feature, r.group)
}
