package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// begin starts an attempt, binds it to the browser and sends it to the provider.
func (c *Console) begin(ctx echo.Context, in sso.Start) error {
	to, err := c.signIn.Begin(ctx.Request().Context(), in)
	if err != nil {
		return err
	}
	http.SetCookie(ctx.Response(), attemptCookie(to.CookieName, to.CookieValue, int(to.MaxAge.Seconds())))
	ctx.Response().Header().Set("Location", to.URL) // of the connection's row, or of Google: never of the request
	return ctx.NoContent(http.StatusSeeOther)
}

// attemptCookie comes along when the provider's page posts to us too, which SameSite=Lax would prevent.
func attemptCookie(name, value string, maxAge int) *http.Cookie {
	//nolint:gosec // SameSite=None is what this cookie is for; it opens nothing by itself
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode}
}

func (c *Console) finishOIDC(ctx echo.Context) error {
	var connection id.Connection
	if err := connection.UnmarshalText([]byte(ctx.Param("connection"))); err != nil || connection.IsZero() || connection == id.Google {
		return errs.NotFound("connection")
	}
	return c.finish(ctx, sso.ProtocolOIDC, connection)
}

func (c *Console) finishGoogle(ctx echo.Context) error { return c.finish(ctx, sso.ProtocolOIDC, id.Google) }

// finish takes what a provider sent back. A refusal comes as an error whose code is the reason.
func (c *Console) finish(ctx echo.Context, protocol string, connection id.Connection) error {
	result, err := c.signIn.Finish(ctx.Request().Context(), ctx.Request(), protocol, connection)
	switch {
	case err != nil:
		return err
	case len(result.Choices) > 0: // the attempt's cookie is still needed
		return c.render(ctx, http.StatusOK, choosePageOf(result))
	}
	state := ctx.QueryParam("state")
	if result.Purpose == sso.ForSignIn {
		return c.enter(ctx, result, state)
	}
	forget(ctx, state)
	switch result.Purpose {
	case sso.ForTest:
		if result.Tested == nil {
			return c.seeOther(ctx, result.ReturnTo)
		}
		return c.render(ctx, http.StatusOK, testedPageOf(*result.Tested))
	case sso.ForLink, sso.ForReauth:
		return c.seeOther(ctx, result.ReturnTo)
	default:
		return c.seeOther(ctx, "/")
	}
}

// enter hands the new session to the browser. State names the attempt that led there, if one did.
func (c *Console) enter(ctx echo.Context, result sso.Result, state string) error {
	if err := web.ReplaceSession(ctx.Request().Context(), ctx.Response(), result.Issued); err != nil {
		return err
	}
	if state != "" {
		forget(ctx, state)
	}
	return c.seeOther(ctx, result.ReturnTo)
}

// forget takes the cookie of a used attempt away.
func forget(ctx echo.Context, state string) {
	http.SetCookie(ctx.Response(), attemptCookie(sso.CookieName(state), "", -1))
}
