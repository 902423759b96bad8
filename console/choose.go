package console

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// choosePage asks a person who was proven, but not yet let in anywhere, where they want to go.
type choosePage struct {
	State  string
	Places []choosePlace
}

type choosePlace struct{ ID, Name, Slug string }

func (choosePage) frame() frame {
	return frame{file: "choose", title: "Choose an organization", narrow: true}
}

func choosePageOf(r sso.Result) choosePage {
	p := choosePage{State: r.State}
	for _, place := range r.Choices {
		p.Places = append(p.Places, choosePlace{place.Tenant.String(), place.Name, place.Slug})
	}
	return p
}

func (c *Console) choose(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(form.Get("tenant"))); err != nil {
		return errs.NotFound("organization")
	}
	result, err := c.signIn.Choose(ctx.Request().Context(), ctx.Request(), form.Get("state"), tenant)
	if err != nil {
		return err
	}
	result.State = form.Get("state")
	return c.enter(ctx, result)
}
