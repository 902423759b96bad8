package console

import (
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// reauthPage asks a person who is signed in to prove once more that it is them.
type reauthPage struct {
	Email    string
	ReturnTo string
}

func (reauthPage) frame() frame {
	return frame{file: "reauth", title: "Confirm that it is you", narrow: true, leaves: true}
}

// askReauth answers what was refused because the person's proof is too old: they prove themselves, and then find the page again.
func (c *Console) askReauth(ctx echo.Context, p web.Problem) error {
	return c.render(ctx, p.Status, reauthPage{authn.From(ctx.Request().Context()).Email, c.pageBefore(ctx)})
}

func (c *Console) reauthenticate(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	to, err := c.signIn.BeginReauth(r, authn.From(r), web.SafeReturn(form.Get("return_to")))
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

// pageBefore is the page on which the form of a request stands: its own path if there is a page, else the nearest one above.
func (c *Console) pageBefore(ctx echo.Context) string {
	at, row := strings.TrimPrefix(ctx.Request().URL.Path, c.prefix), strings.TrimPrefix(ctx.Path(), c.prefix)
	for row != "/" && row != "." && row != "" {
		if c.pages[row] {
			return web.SafeReturn(at)
		}
		at, row = path.Dir(at), path.Dir(row)
	}
	return "/"
}

// pagePaths are the rows that are pages, by the path with which the router knows them.
func pagePaths(table web.Table) map[string]bool {
	pages := map[string]bool{}
	for _, r := range table {
		if r.Method() == http.MethodGet {
			pages[strings.NewReplacer("{", ":", "}", "").Replace(r.Path())] = true
		}
	}
	return pages
}

// reauthNeeded says that a refusal is cured by a fresh proof.
func reauthNeeded(p web.Problem) bool { return p.Code == sso.ErrReauthRequired.Code }
