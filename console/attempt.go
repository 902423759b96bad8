package console

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// begin starts an attempt, binds it to the browser and sends it to the provider.
func (c *Console) begin(ctx echo.Context, in sso.Start) error {
	in.Last = c.signIn.LastOf(ctx.Request())
	to, err := c.signIn.Begin(ctx.Request().Context(), in)
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

// depart sends a browser to a provider with an attempt that has begun.
func (c *Console) depart(ctx echo.Context, to sso.Redirect) error {
	http.SetCookie(ctx.Response(), to.Cookie())
	if to.Form != nil {
		return c.render(ctx, http.StatusOK, postPageOf(to))
	}
	ctx.Response().Header().Set("Location", to.URL) // of the connection's row, or of Google: never of the request
	return ctx.NoContent(http.StatusSeeOther)
}

func (c *Console) finishOIDC(ctx echo.Context) error { return c.finishAt(ctx, sso.ProtocolOIDC) }

func (c *Console) finishSAML(ctx echo.Context) error { return c.finishAt(ctx, sso.ProtocolSAML) }

// finishAt is the callback of a tenant's connection.
func (c *Console) finishAt(ctx echo.Context, protocol string) error {
	connection, err := connectionOf(ctx)
	if err != nil {
		return err
	}
	return c.finish(ctx, protocol, connection)
}

func (c *Console) finishGoogle(ctx echo.Context) error {
	return c.finish(ctx, sso.ProtocolOIDC, id.Google)
}

// finish takes what a provider sent back. A refusal comes as an error whose code is the reason.
func (c *Console) finish(ctx echo.Context, protocol string, connection id.Connection) error {
	result, err := c.signIn.Finish(ctx.Request().Context(), ctx.Request(), protocol, connection)
	switch {
	case err != nil:
		return err
	case len(result.Choices) > 0: // the attempt's cookie is still needed
		return c.render(ctx, http.StatusOK, choosePageOf(result))
	case result.Unconfirmed != nil:
		http.SetCookie(ctx.Response(), result.Unconfirmed.Cookie())
		return c.redirect(ctx, "/sso/confirm?"+url.Values{"state": {result.State}}.Encode())
	}
	if result.Purpose == sso.ForSignIn {
		return c.enter(ctx, result)
	}
	forget(ctx, result.State)
	switch result.Purpose {
	case sso.ForTest:
		return c.render(ctx, http.StatusOK, testedPageOf(*result.DryRun))
	case sso.ForLink, sso.ForReauth:
		return c.seeOther(ctx, result.ReturnTo)
	default:
		return c.seeOther(ctx, "/")
	}
}

// enter hands the new session to the browser, which remembers from now on how its person came in.
func (c *Console) enter(ctx echo.Context, result sso.Result) error {
	if err := web.ReplaceSession(ctx.Request().Context(), ctx.Response(), result.Issued); err != nil {
		return err
	}
	if result.Last != (sso.Last{}) {
		http.SetCookie(ctx.Response(), c.signIn.Cookie(result.Last))
	}
	if result.State != "" {
		forget(ctx, result.State)
	}
	return c.seeOther(ctx, result.ReturnTo)
}

// forget takes the cookie of a used attempt away.
func forget(ctx echo.Context, state string) {
	gone := sso.Redirect{CookieName: sso.CookieName(state)}.Cookie() //nolint:gosec // it is as the cookie that it takes away
	gone.MaxAge = -1
	http.SetCookie(ctx.Response(), gone)
}
