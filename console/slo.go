package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// singleLogout takes what a SAML provider sends the browser with when sessions end. The browser carries the answer back, or has arrived.
func (c *Console) singleLogout(ctx echo.Context) error {
	connection, err := connectionOf(ctx)
	if err != nil {
		return err
	}
	parted, err := c.signIn.SingleLogout(ctx.Request().Context(), ctx.Request(), connection)
	if err != nil {
		return err
	}
	if parted.State != "" {
		forget(ctx, parted.State)
	}
	return c.onward(ctx, sso.Redirect{URL: parted.Departure.URL, Form: parted.Departure.Form})
}

// backFromLogout is where an OpenID Provider sends the browser after a sign-out. It ends nothing.
func (c *Console) backFromLogout(ctx echo.Context) error {
	connection, err := connectionOf(ctx)
	if err != nil {
		return err
	}
	state := ctx.QueryParam("state")
	if err := c.signIn.LoggedOut(ctx.Request().Context(), ctx.Request(), connection, state); err != nil {
		return err
	}
	forget(ctx, state)
	return c.redirect(ctx, "/logged-out")
}

// backChannel takes a logout token from a provider's server. No browser is involved: nobody sees the answer but that server.
func (c *Console) backChannel(ctx echo.Context) error {
	connection, err := connectionOf(ctx)
	if err != nil {
		return err
	}
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	if err := c.signIn.BackChannelLogout(ctx.Request().Context(), connection, form.Get("logout_token")); err != nil {
		return err
	}
	return ctx.NoContent(http.StatusOK)
}

// onward brings a browser that has nothing left to do here to its provider, or to the goodbye.
func (c *Console) onward(ctx echo.Context, to sso.Redirect) error {
	switch {
	case to.URL == "":
		return c.redirect(ctx, "/logged-out")
	case to.Form != nil:
		page := postPageOf(to)
		page.Leaving = true
		return c.render(ctx, http.StatusOK, page)
	}
	ctx.Response().Header().Set("Location", to.URL) // of the connection's row: never of the request
	return ctx.NoContent(http.StatusSeeOther)
}

// connectionOf is the tenant's connection that an address names.
func connectionOf(ctx echo.Context) (connection id.Connection, err error) {
	if err := connection.UnmarshalText([]byte(ctx.Param("connection"))); err != nil || connection.IsZero() || connection == id.Google {
		return connection, errs.NotFound("connection")
	}
	return connection, nil
}
