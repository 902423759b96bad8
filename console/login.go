package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// loginPage asks for a work e-mail. It looks the same for a person, a company and an address that nobody knows.
type loginPage struct {
	Email     string
	ReturnTo  string
	Google    bool
	Problem   string // what is wrong with the address as it was typed
	Elsewhere bool   // the address leads nowhere
	Last      lastWay
}

// lastWay is how somebody last came in with this browser. It names nobody.
type lastWay struct{ Tenant, Slug, Connection, Name string }

// Google says that it was no connection of the organization's own.
func (l lastWay) Google() bool { return l.Slug != "" && l.Connection == "" }

func (loginPage) frame() frame {
	return frame{file: "login", title: "Sign in", narrow: true, leaves: true}
}

func (c *Console) askEmail(ctx echo.Context) error {
	last, err := c.lastWay(ctx)
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, loginPage{
		ReturnTo: web.SafeReturn(ctx.QueryParam("return_to")), Google: c.signIn.Google(), Last: last,
	})
}

func (c *Console) lastWay(ctx echo.Context) (lastWay, error) {
	doors, err := c.signIn.LastDoor(ctx.Request().Context(), ctx.Request())
	if errs.As(err).Kind == errs.Missing {
		return lastWay{}, nil
	}
	if err != nil {
		return lastWay{}, err
	}
	last := lastWay{Tenant: doors.Name, Slug: doors.Slug, Name: "Google"}
	for _, d := range doors.Connections {
		last.Connection, last.Name = d.ID.String(), d.Name
	}
	return last, nil
}

// routeEmail looks at the domain and at the rules of its organization. Whether anybody has the address is neither asked nor answered, and a domain that nobody has
// verified is answered like one whose tenant is suspended or has no connection.
func (c *Console) routeEmail(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	p := loginPage{Email: strings.TrimSpace(form.Get("email")), ReturnTo: web.SafeReturn(form.Get("return_to")), Google: c.signIn.Google()}
	if _, err := tenants.ParseEmail(p.Email); err != nil {
		p.Problem = "Enter an address like name@company.com."
		return c.render(ctx, http.StatusUnprocessableEntity, p)
	}
	to, err := c.signIn.Route(ctx.Request().Context(), p.Email)
	if err != nil {
		return err
	}
	if to == (sso.Destination{}) {
		p.Elsewhere = true
		return c.render(ctx, http.StatusOK, p)
	}
	if to.Connection.IsZero() { // several ways, and no rule says which
		return c.redirect(ctx, "/login/"+to.Slug+"?"+url.Values{"return_to": {p.ReturnTo}}.Encode())
	}
	err = c.begin(ctx, sso.Start{Slug: to.Slug, Connection: to.Connection, ReturnTo: p.ReturnTo, LoginHint: p.Email})
	if errs.As(err).Kind == errs.Missing { // the connection went away meanwhile
		p.Elsewhere = true
		return c.render(ctx, http.StatusOK, p)
	}
	return err
}

func (c *Console) startGoogle(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	return c.begin(ctx, sso.Start{Slug: form.Get("tenant"), Connection: id.Google, ReturnTo: web.SafeReturn(form.Get("return_to"))})
}
