package gatehouse

import (
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Requirement is what a route of an embedding product demands. [Gatehouse.Require] begins one, and [Requirement.Then] ends it: what is not
// ended guards nothing, and does not compile as a handler or as middleware. It is a value, so that routes can share a beginning.
type Requirement struct {
	g          *Gatehouse
	permission rbac.Permission
	feature    billing.Feature
	group      catalog.Group
	meters     []string
}

// Require demands a session or an API key, a tenant, member and sign-in in good standing, and the permission:
//
//	e.POST("/api/chat", g.Require("chat:use").Then(chat))
//
// A refusal is a problem document that names the clause and what would allow the request. A permission or feature that the catalog does not
// have refuses everybody.
func (g *Gatehouse) Require(permission string) Requirement {
	return Requirement{g: g, permission: rbac.Permission(permission)}
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

// Meters holds the route to the quotas of these meters of the catalog, and counts one use of each for the caller:
//
//	e.POST("/api/chat", g.Require("chat:use").Meters("ai.calls").Then(chat))
//
// Before the handler one of each is taken, or of none: who has none left is refused with 429 quota_exceeded, which says the limit and when it
// resets. When the handler has answered with success or a redirection (2xx or 3xx) they are counted; otherwise they are given back. A soft
// limit lets the call pass, and [HeaderQuota] says so. A meter that the catalog does not have refuses everybody.
//
// An answer cannot be taken back, so a use that cannot be counted is an error in the log, after some attempts. A handler that knows only at the
// end how much it has used takes by [Gatehouse.Take]. Run must be running.
func (r Requirement) Meters(names ...string) Requirement {
	r.meters = slices.Concat(r.meters, names) // requirements that share a beginning must not share its end
	return r
}

// Then returns a handler that calls next for whom the requirement lets through. Not called but handed over, it is middleware, as for a group
// of routes:
//
//	e.Group("/api/reports", g.Require("reports:read").Then)
func (r Requirement) Then(next echo.HandlerFunc) echo.HandlerFunc {
	if len(r.meters) > 0 {
		next = r.holding(next)
	}
	return r.g.web.Guard(r.permission, r.feature, r.group)(next)
}
