package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

type testOut struct {
	Endpoints endpointsOut `json:"endpoints" doc:"As the provider says them now"`
	// URL is for a person only: a sign-in that lets nobody in and shows what the provider says.
	URL string `json:"authorization_url,omitzero" doc:"Open it in this browser to try a sign-in that changes nothing"`
}

// testConnection asks the provider again, and starts a sign-in that lets nobody in when a person asks.
func (a *API) testConnection(c echo.Context) error {
	ctx := c.Request().Context()
	which, err := connectionParam(c)
	if err != nil {
		return err
	}
	d, err := a.draftOf(ctx, which)
	if err != nil {
		return err
	}
	found, err := a.SignIn.Prepare(ctx, d)
	if err != nil {
		return err
	}
	out := testOut{Endpoints: endpointsOf(found.Endpoints())}
	if p := authn.From(ctx); p.Kind == authn.Member {
		to, err := a.SignIn.BeginTest(ctx, p, which, nil)
		if err != nil {
			return err
		}
		out.URL = bound(c, to)
	}
	return c.JSON(http.StatusOK, out)
}

type redirectOut struct {
	URL string `json:"authorization_url" doc:"Send this browser there"`
}

// linkIdentity begins to add a way to sign in: the provider has to prove the person first.
func (a *API) linkIdentity(c echo.Context) error {
	which, err := connectionParam(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	to, err := a.SignIn.BeginLink(ctx, authn.From(ctx), which)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, redirectOut{bound(c, to)})
}

// bound ties an attempt to the browser that asks, and returns where to send it.
func bound(c echo.Context, to sso.Redirect) string {
	c.SetCookie(to.Cookie())
	return to.URL
}

func connectionParam(c echo.Context) (id.Connection, error) {
	var which id.Connection
	if err := which.UnmarshalText([]byte(c.Param("connection"))); err != nil || which.IsZero() {
		return which, errs.NotFound("connection").Because(err)
	}
	return which, nil
}

// reauthenticate begins to prove the person of the session once more, in the way that it was made: what asked for it can then be done.
func (a *API) reauthenticate(c echo.Context) error {
	ctx := c.Request().Context()
	to, err := a.SignIn.BeginReauth(ctx, authn.From(ctx), "/")
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, redirectOut{bound(c, to)})
}
