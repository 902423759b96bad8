package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// departOut says how to send the person's browser to the provider.
type departOut struct {
	URL  string            `json:"authorization_url,omitzero" doc:"Open it in this browser"`
	Form map[string]string `json:"authorization_form,omitzero" doc:"When it is there, post these fields to authorization_url, instead of opening it"`
}

// testOut has a way to the provider for a person only: a sign-in that lets nobody in and shows what it would have done.
type testOut struct {
	Endpoints *endpointsOut     `json:"endpoints,omitzero" doc:"As the provider says them now; of OpenID Connect"`
	URL       string            `json:"authorization_url,omitzero" doc:"Open it in this browser to try a sign-in that changes nothing"`
	Form      map[string]string `json:"authorization_form,omitzero" doc:"When it is there, post these fields to authorization_url, instead of opening it"`
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
	var out testOut
	if e := found.Endpoints(); e.Authorization != "" {
		answered := endpointsOf(e)
		out.Endpoints = &answered
	}
	if p := authn.From(ctx); p.Kind == authn.Member {
		to, err := a.SignIn.BeginTest(ctx, p, which, nil)
		if err != nil {
			return err
		}
		way := bound(c, to)
		out.URL, out.Form = way.URL, way.Form
	}
	return c.JSON(http.StatusOK, out)
}

// testChange starts a sign-in that lets nobody in, over the connection as it would be after a change that is not made.
func (a *API) testChange(ctx context.Context, in updateConnectionIn) (testOut, error) {
	found, err := a.prepareUpdate(ctx, in)
	if err != nil {
		return testOut{}, err
	}
	to, err := a.SignIn.BeginTest(ctx, authn.From(ctx), in.Connection, &found)
	if err != nil {
		return testOut{}, err
	}
	web.SetCookie(ctx, to.Cookie())
	out, way := testOut{}, departOf(to)
	out.URL, out.Form = way.URL, way.Form
	if e := found.Endpoints(); e.Authorization != "" {
		answered := endpointsOf(e)
		out.Endpoints = &answered
	}
	return out, nil
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
	return c.JSON(http.StatusOK, bound(c, to))
}

// bound ties an attempt to the browser that asks, and says where to send it.
func bound(c echo.Context, to sso.Redirect) departOut {
	c.SetCookie(to.Cookie())
	return departOf(to)
}

func departOf(to sso.Redirect) departOut {
	out := departOut{URL: to.URL}
	for name := range to.Form {
		if out.Form == nil {
			out.Form = map[string]string{}
		}
		out.Form[name] = to.Form.Get(name)
	}
	return out
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
	return c.JSON(http.StatusOK, bound(c, to))
}
