package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// recoverPage is for owners who are kept out because single sign-on is broken. It answers everybody alike.
type recoverPage struct {
	Tenant, Slug string
	Email        string
	Problem      string // what is wrong with the address as it was typed
	Asked        bool
}

func (p recoverPage) frame() frame {
	return frame{file: "recover", title: "Owners of " + p.Tenant, narrow: true}
}

// recoverLinkPage takes the link that an owner was sent, and why they need it.
type recoverLinkPage struct {
	Tenant, Slug string
	Link         string // once more, when only the reason was wrong
	Reason       string
	Problem      string // with the link
	BadReason    string
}

func (p recoverLinkPage) frame() frame {
	return frame{file: "recover-link", title: "Sign in to " + p.Tenant + " without single sign-on", narrow: true, script: "link.js"}
}

func (c *Console) askRecovery(ctx echo.Context) error {
	doors, err := c.signIn.DoorsOf(ctx.Request().Context(), ctx.Param("tenant"))
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, recoverPage{Tenant: doors.Name, Slug: doors.Slug})
}

func (c *Console) sendRecovery(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	doors, err := c.signIn.DoorsOf(ctx.Request().Context(), ctx.Param("tenant"))
	if err != nil {
		return err
	}
	p := recoverPage{Tenant: doors.Name, Slug: doors.Slug, Email: strings.TrimSpace(form.Get("email"))}
	if _, err := tenants.ParseEmail(p.Email); err != nil {
		p.Problem = "Enter an address like name@company.com."
		return c.render(ctx, http.StatusUnprocessableEntity, p)
	}
	cookie, err := c.signIn.AskRecovery(ctx.Request().Context(), ctx.Request(), doors.Slug, p.Email)
	if err != nil {
		return err
	}
	http.SetCookie(ctx.Response(), cookie)
	p.Asked = true
	return c.render(ctx, http.StatusOK, p)
}

func (c *Console) askReason(ctx echo.Context) error {
	doors, err := c.signIn.DoorsOf(ctx.Request().Context(), ctx.Param("tenant"))
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, recoverLinkPage{Tenant: doors.Name, Slug: doors.Slug})
}

func (c *Console) breakGlass(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request()
	doors, err := c.signIn.DoorsOf(r.Context(), ctx.Param("tenant"))
	if err != nil {
		return err
	}
	p := recoverLinkPage{Tenant: doors.Name, Slug: doors.Slug, Reason: form.Get("reason")}
	credential, err := secret.Parse(secret.PrefixRecovery, pasted(form.Get("link")))
	if err != nil {
		p.Problem = "It is not complete. Copy all of it, to the last character."
		return c.render(ctx, http.StatusUnprocessableEntity, p)
	}
	result, err := c.signIn.BreakGlass(r.Context(), r, sso.BreakGlass{Slug: doors.Slug, Link: credential, Reason: p.Reason})
	switch {
	case errors.Is(err, sso.ErrRecovery):
		p.Problem = sso.ErrRecovery.Detail
		return c.render(ctx, http.StatusGone, p)
	case errs.As(err).Kind == errs.Invalid:
		p.Link, p.BadReason = credential.String(), "Say it in 10 to 500 characters."
		return c.render(ctx, http.StatusUnprocessableEntity, p)
	case err != nil:
		return err
	}
	http.SetCookie(ctx.Response(), sso.ForgetRecovery())
	return c.enter(ctx, result)
}
