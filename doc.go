// Package gatehouse is the backend that every B2B product needs before it can sell to companies: tenants and memberships, single sign-on
// of each tenant's own, roles and plan tiers.
//
// A product written in Go mounts it into its own Echo application and guards its own routes with it:
//
//	g, err := gatehouse.New(ctx, gatehouse.Config{…})
//	e := echo.New()
//	err = g.Mount(e)
//	e.POST("/api/chat", g.Require("chat:use").Then(chat))
//	e.POST("/api/agents", g.Require("agents:run").Feature("ai.agents").Then(run))
//
//	d, err := g.Check(ctx, tenant, member, "reports:export", "") // where there is no handler
//
// A product in any other language runs the gatehouse command beside itself and asks it over HTTP.
package gatehouse
