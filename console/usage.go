package console

import (
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// usageRoutes are the pages for what the organization uses. They need what GET /v1/usage needs.
func (c *Console) usageRoutes() web.Table {
	return web.Table{
		web.Get("/usage", rbac.UsageRead, web.Raw(c.showUsage)).SessionOnly().Limit(acting).Doc("How much of a meter was used, when, and by whom"),
		web.Get("/usage/csv", rbac.UsageRead, web.Raw(c.saveUsage)).SessionOnly().Limit(acting).Doc("What that page shows, as a file"),
	}
}

// usagePage shows what was used of one meter in one span of time.
type usagePage struct {
	Tenant  string
	Meters  []option
	Spans   []option
	Title   string // of the meter
	Span    string // November 2026
	Budget  usageBudget
	Own     []usageOwn
	Figures []usageFigure
	Used    bool // there is anything to draw
	Step    string
	Wide    template.HTML
	Narrow  template.HTML
	Steps   []usageStep
	Sums    bool // steps add up
	Costs   bool // something had a cost
	Groups  []usageGroup
	CSV     string // its query
	Hours   string // the query of a day's hours, without the day
}

func (usagePage) frame() frame {
	return frame{file: "usage", title: "Usage", signedIn: true, here: "usage"}
}

// usageFigure is one number, with what it is.
type usageFigure struct{ Name, Value, More string }

func (c *Console) showUsage(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, rules, err := c.ruled(r, p)
	if err != nil {
		return err
	}
	page := usagePage{Tenant: tenant.Name, Meters: metersOf(rules, ctx.QueryParam("meter"))}
	if len(page.Meters) == 0 {
		return c.render(ctx, http.StatusOK, page)
	}
	terms, known, err := c.access.Metered(p, billing.Feature(value(page.Meters)))
	if err != nil {
		return err
	}
	if !known { // the catalog changed a moment ago
		return access.ErrStale
	}
	budgets, err := c.budgets.States(r, p.Tenant, map[billing.Feature]*quota.Terms{billing.Feature(value(page.Meters)): terms})
	if err != nil {
		return err
	}
	reader := usageReader{
		budgets: budgets, ctx: r, sold: meterOf(rules, &tenant.Sold, value(page.Meters), c.access.Now()), names: c.may(p, rbac.MembersRead), keys: c.may(p, rbac.APIKeysRead),
	}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		reader.tx = tx
		return reader.read(&page, ctx.QueryParam("span"))
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, page)
}
