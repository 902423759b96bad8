package console

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// signInAgain lets a viewer prove once more who they are, and brings them back to the page that asked for it.
func (c *Console) signInAgain(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	to, err := c.signIn.BeginReauth(ctx.Request().Context(), v.principal, web.SafeReturn(form.Get("return_to")))
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

// asksAgain says that a refusal is for want of a fresh sign-in.
func asksAgain(err error) bool {
	return err != nil && errs.CodeOf(err) == sso.ErrReauthRequired.Code
}
