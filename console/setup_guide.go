package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// guidePage leads through the provider's own screens, with the values of this connection in place.
type guidePage struct {
	Walk      walk
	Values    []copyValue
	Steps     []guideStep
	Bring     []guideItem
	Mistakes  []guide.Mistake
	Stops     []guide.Stop
	Sources   []guide.Source
	Read      string
	Unchecked guide.Text
	Saved     bool // the connection is made
	// LoadsMetadata says that a field of the provider's wants the address of our metadata, which answers only once the connection is made.
	LoadsMetadata bool
	Next          string
}

// copyValue is a value in a field that can be selected, with a button that copies it where scripts run.
type copyValue struct{ ID, Label, Value string }

type guideStep struct {
	Title  string
	Text   guide.Text
	Fields []guideField
}

// guideField is a field of the provider's screen: with something to copy, or with something to choose.
type guideField struct {
	Label string
	Copy  copyValue
	Value guide.Text
}

// Copies says that the field takes a value to the letter.
func (f guideField) Copies() bool { return f.Copy.Value != "" }

type guideItem struct {
	What  string
	Where guide.Text
	Shape string
}

func (p guidePage) frame() frame {
	return frame{file: "setup-guide", title: "Set " + p.Walk.Provider + " up", signedIn: !p.Walk.Outside, here: "setup", script: "copy.js"}
}

func (c *Console) showPlanGuide(ctx echo.Context, v viewer) error {
	j, which, err := c.planOf(ctx, v)
	if err != nil {
		return err
	}
	if !j.connection.ID.IsZero() {
		return c.redirect(ctx, setupRoot+j.path(atGuide))
	}
	return c.drawGuide(ctx, v, j, sso.Connection{ID: which.Connection(), Protocol: which.Protocol})
}

func (c *Console) showGuide(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	return c.drawGuide(ctx, v, j, j.connection)
}

// planOf reads the reservation of the path. If its connection has been made meanwhile, the journey has it.
func (c *Console) planOf(ctx echo.Context, v viewer) (journey, sso.Reservation, error) {
	r := ctx.Request().Context()
	j := journey{plan: ctx.Param("plan")}
	var found sso.Reservation
	err := c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) (err error) {
		if found, err = c.signIn.Reserved(tx, j.plan); err != nil {
			return err
		}
		if v.sees(found.Connection()) != nil {
			return nil
		}
		j.connection, err = sso.ConnectionByID(r, tx, found.Connection())
		if errs.As(err).Kind == errs.Missing {
			return nil
		}
		return err
	})
	j.guide = guideFor(found.Preset, found.Protocol)
	return j, found, err
}

// drawGuide draws the guide of a journey, for a connection that may be reserved only.
func (c *Console) drawGuide(ctx echo.Context, v viewer, j journey, of sso.Connection) error {
	w := c.walkOf(v, j, atGuide)
	g := j.guide.Fill(c.signIn.GuideValues(of, v.slug))
	return c.render(ctx, http.StatusOK, guidePageOf(g, c.copyValues(of), w, j))
}

func guidePageOf(g guide.Guide, values []copyValue, w walk, j journey) guidePage {
	p := guidePage{
		Walk: w, Values: values, Mistakes: g.Mistakes, Stops: g.Stops, Sources: g.Sources, Read: g.Read, Unchecked: g.Unchecked,
		Bring: itemsOf(g), Saved: !j.connection.ID.IsZero(), LoadsMetadata: loadsMetadata(g), Next: w.Root + j.path(atDetails),
	}
	if p.Saved {
		p.Next = w.Root + j.path(atMapping)
	}
	for n, s := range g.Steps {
		step := guideStep{Title: s.Title, Text: s.Text}
		for m, f := range s.Fields {
			step.Fields = append(step.Fields, guideFieldOf(n, m, f))
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// itemsOf are the things to bring back from the provider.
func itemsOf(g guide.Guide) []guideItem {
	var list []guideItem
	for _, item := range g.Bring {
		list = append(list, guideItem{bringName(item.What), item.Where, item.Shape})
	}
	return list
}
