package console

import (
	"bytes"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// saveUsage gives what the page shows as a file: by its steps, or by one of its groups, and all of them. It is the report of the API, which
// browsers do not ask for in this form.
func (c *Console) saveUsage(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, rules, err := c.ruled(r, p)
	if err != nil {
		return err
	}
	meters := metersOf(rules, ctx.QueryParam("meter"))
	if len(meters) == 0 || value(meters) != ctx.QueryParam("meter") {
		return errs.NotFound("meter")
	}
	reader := usageReader{ctx: r, sold: meterOf(rules, &tenant.Sold, value(meters), c.access.Now())}
	var file bytes.Buffer
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		reader.tx = tx
		spans, err := spansOf(ctx.QueryParam("span"), reader.sold, tx.Now)
		if err != nil {
			return err
		}
		span := spanOf(value(spans), reader.sold, tx.Now)
		q := reader.query(span, span.step)
		if by := ctx.QueryParam("by"); by != "" {
			if q = reader.query(span, usage.Whole, columnsOf(by)...); len(q.GroupBy) == 0 {
				return errs.NotFound("page")
			}
		}
		rows, err := usage.Report(r, tx, q)
		if err != nil {
			return err
		}
		return usage.WriteCSV(&file, q, rows)
	})
	if err != nil {
		return err
	}
	h := ctx.Response().Header()
	h.Set("Content-Disposition", `attachment; filename="usage.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	return ctx.Blob(http.StatusOK, "text/csv; charset=utf-8; header=present", file.Bytes())
}

// columnsOf are the groups of a part of the page.
func columnsOf(id string) []usage.Dimension {
	for _, part := range partings() {
		if part.id == id {
			return part.by
		}
	}
	return nil
}
