package console

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// confirmPage asks a person whom a provider has announced whether they want to go on. Any page of any site can bring a browser here with an
// account of its own: whoever goes on without looking would work in somebody else's name.
type confirmPage struct {
	State  string
	Name   string
	Email  string
	Tenant string
	Slug   string
	Other  string // who is signed in with this browser, and has to sign out first
}

func (confirmPage) frame() frame {
	return frame{file: "confirm", title: "Continue signing in?", narrow: true}
}

// askConfirmation is a page of its own, since the provider's POST comes from another site and brings no session along.
func (c *Console) askConfirmation(ctx echo.Context) error {
	r := ctx.Request()
	visitor, err := web.Visitor(r.Context())
	if err != nil {
		return err
	}
	return c.showConfirmation(ctx, ctx.QueryParam("state"), visitor, http.StatusOK)
}

func (c *Console) showConfirmation(ctx echo.Context, state string, visitor *authn.Principal, status int) error {
	u, err := c.signIn.Unconfirmed(ctx.Request().Context(), ctx.Request(), state, visitor)
	if err != nil {
		return err
	}
	if u.Already {
		forget(ctx, state)
		return c.redirect(ctx, "/")
	}
	p := confirmPage{State: state, Name: u.Name, Email: u.Email, Tenant: u.Tenant, Slug: u.Slug}
	if visitor != nil {
		p.Other = visitor.Email
	}
	return c.render(ctx, status, p)
}

func (c *Console) confirm(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request()
	visitor, err := web.Visitor(r.Context())
	if err != nil {
		return err
	}
	result, err := c.signIn.Confirm(r.Context(), r, form.Get("state"), visitor)
	if errors.Is(err, sso.ErrSignedIn) {
		return c.showConfirmation(ctx, form.Get("state"), visitor, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	return c.enter(ctx, result)
}
