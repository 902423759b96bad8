package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// loggedOutPage is what remains after a sign-out.
type loggedOutPage struct{}

func (loggedOutPage) frame() frame {
	return frame{file: "logged-out", title: "Signed out", narrow: true}
}

func (c *Console) logOut(ctx echo.Context) error {
	r := ctx.Request().Context()
	to, err := c.signIn.Leave(r, authn.From(r))
	if err != nil {
		return err
	}
	ctx.Response().Header().Del("Set-Cookie") // of a refresh in this request
	sessions.ClearCookies(ctx.Response())
	if to.URL != "" {
		http.SetCookie(ctx.Response(), to.Cookie())
	}
	return c.onward(ctx, to)
}

func (c *Console) loggedOut(ctx echo.Context) error {
	return c.render(ctx, http.StatusOK, loggedOutPage{})
}
