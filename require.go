package gatehouse

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Requirement is what a route of an embedding product demands. [Gatehouse.Require] begins one, and [Requirement.Then] ends it: what is not
// ended guards nothing, and does not compile as a handler or as middleware. It is a value, so that routes can share a beginning.
type Requirement struct {
	web        *web.Server
	permission rbac.Permission
	feature    billing.Feature
	group      catalog.Group
}

// Require demands a session or an API key, a tenant, member and sign-in in good standing, and the permission:
//
//	e.POST("/api/chat", g.Require("chat:use").Then(chat))
//
// A refusal is a problem document that names the clause and what would allow the request. A permission or feature that the catalog does not
// have refuses everybody.
func (g *Gatehouse) Require(permission string) Requirement {
	return Requirement{web: g.web, permission: rbac.Permission(permission)}
}

// Feature demands also that the tenant's plan includes a feature of the catalog. It panics if there is one already, which it would put out of
// force.
func (r Requirement) Feature(name string) Requirement {
	if r.feature != "" {
		panic(fmt.Sprintf("gatehouse: Require(%q) demands two features, %q and %q", r.permission, r.feature, name))
	}
	r.feature = billing.Feature(name)
	return r
}

// Group counts the route's requests as those of a group of the catalog's limits: what the tenant's plan allows of it holds, and one that the
// catalog does not name counts with the API's own. Without it a product's route is not limited.
func (r Requirement) Group(name string) Requirement {
	r.group = catalog.Group(name)
	return r
}

// Then returns a handler that calls next for whom the requirement lets through. Not called but handed over, it is middleware, as for a group
// of routes:
//
//	e.Group("/api/reports", g.Require("reports:read").Then)
func (r Requirement) Then(next echo.HandlerFunc) echo.HandlerFunc {
	return r.web.Guard(r.permission, r.feature, r.group)(next)
}
