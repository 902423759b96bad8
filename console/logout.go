package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// loggedOutPage is what remains after a sign-out.
type loggedOutPage struct{}

func (loggedOutPage) frame() frame {
	return frame{file: "logged-out", title: "Signed out", narrow: true}
}

func (c *Console) logOut(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	err := c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		return sessions.Revoke(r, tx, p.Session, p.Membership, sessions.ReasonSignedOut)
	})
	if err != nil {
		return err
	}
	ctx.Response().Header().Del("Set-Cookie") // of a refresh in this request
	sessions.ClearCookies(ctx.Response())
	return c.seeOther(ctx, "/logged-out")
}

func (c *Console) loggedOut(ctx echo.Context) error {
	return c.render(ctx, http.StatusOK, loggedOutPage{})
}
