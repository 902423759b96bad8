package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// tenantPage is one organization's own sign-in.
type tenantPage struct {
	Tenant      string
	Slug        string
	Connections []tenantWay
	Google      bool
	ReturnTo    string
}

// tenantWay is one of the organization's providers.
type tenantWay struct{ ID, Name string }

func (p tenantPage) frame() frame {
	return frame{file: "tenant", title: "Sign in to " + p.Tenant, narrow: true, leaves: true}
}

// Empty says that nobody can sign in here.
func (p tenantPage) Empty() bool { return len(p.Connections) == 0 && !p.Google }

func (c *Console) showTenant(ctx echo.Context) error {
	doors, err := c.signIn.DoorsOf(ctx.Request().Context(), ctx.Param("tenant"))
	if err != nil {
		return err
	}
	p := tenantPage{Tenant: doors.Name, Slug: doors.Slug, Google: doors.Google, ReturnTo: web.SafeReturn(ctx.QueryParam("return_to"))}
	for _, d := range doors.Connections {
		p.Connections = append(p.Connections, tenantWay{d.ID.String(), d.Name})
	}
	return c.render(ctx, http.StatusOK, p)
}

func (c *Console) startTenant(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	in := sso.Start{Slug: ctx.Param("tenant"), ReturnTo: web.SafeReturn(form.Get("return_to"))}
	// Google has a form of its own: over this one it would look like a connection of the tenant.
	if err := in.Connection.UnmarshalText([]byte(form.Get("connection"))); err != nil || in.Connection == id.Google {
		return errs.NotFound("connection")
	}
	return c.begin(ctx, in)
}
