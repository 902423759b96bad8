package console

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
)

// change goes to another organization of the same person: at once where their proof is good enough there, else by its own sign-in.
func (c *Console) change(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var target id.Tenant
	if err := target.UnmarshalText([]byte(form.Get("tenant"))); err != nil {
		return errs.NotFound("organization")
	}
	issued, err := c.signIn.Switch(ctx.Request().Context(), authn.From(ctx.Request().Context()), target)
	if e := errs.As(err); err != nil && e.Code == string(sso.SSORequired) {
		if login, ok := e.Extra["login"].(string); ok {
			return c.seeOther(ctx, login)
		}
	}
	if err != nil {
		return err
	}
	// The request may have refreshed the present session: those cookies must not follow as well.
	ctx.Response().Header().Del("Set-Cookie")
	sessions.SetCookies(ctx.Response(), issued)
	return c.seeOther(ctx, "/")
}
