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
	Alone       bool // the link to it named one way
	ReturnTo    string
}

// tenantWay is one of the organization's providers.
type tenantWay struct{ ID, Name string }

func (p tenantPage) frame() frame {
	return frame{file: "tenant", title: "Sign in to " + p.Tenant, narrow: true, leaves: true}
}

// Empty says that nobody can sign in here.
func (p tenantPage) Empty() bool { return len(p.Connections) == 0 && !p.Google }

// showTenant offers all ways into an organization or, by a connection's own link, that one alone. It starts none by itself: an answer that
// the person did not ask for would be as good as one that they did.
func (c *Console) showTenant(ctx echo.Context) error {
	doors, alone, err := c.doorsOf(ctx)
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, tenantPage{
		Tenant: doors.Name, Slug: doors.Slug, Connections: waysOf(doors.Connections), Google: doors.Google, Alone: alone,
		ReturnTo: web.SafeReturn(ctx.QueryParam("return_to")),
	})
}

func (c *Console) doorsOf(ctx echo.Context) (doors sso.Doors, alone bool, err error) {
	r := ctx.Request().Context()
	if !ctx.QueryParams().Has("connection") {
		doors, err = c.signIn.DoorsOf(r, ctx.Param("tenant"))
		return doors, false, err
	}
	var connection id.Connection
	if err := connection.UnmarshalText([]byte(ctx.QueryParam("connection"))); err != nil {
		return sso.Doors{}, true, errs.NotFound("connection")
	}
	doors, err = c.signIn.DoorOf(r, ctx.Param("tenant"), connection)
	return doors, true, err
}

func waysOf(doors []sso.Door) []tenantWay {
	var ways []tenantWay
	for _, d := range doors {
		ways = append(ways, tenantWay{d.ID.String(), d.Name})
	}
	return ways
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
