package console

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// resume is where a reverse proxy sends a browser that it may not let through: a session that only needs a new access token gets one here,
// in cookies that reach the browser, and goes on; everybody else signs in first.
func (c *Console) resume(ctx echo.Context) error {
	to := web.SafeReturn(ctx.QueryParam("return_to"))
	p, err := web.Visitor(ctx.Request().Context())
	if err != nil {
		return err
	}
	if p == nil {
		return c.redirect(ctx, "/login?"+url.Values{"return_to": {to}}.Encode())
	}
	return c.redirect(ctx, to)
}
