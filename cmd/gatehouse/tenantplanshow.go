package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// catalog is the one in force, with all versions of plans.
func (t *target) catalog(ctx context.Context) (*catalog.Catalog, error) {
	held, err := access.New(access.Config{DB: t.db, Keys: t.keys()})
	if err != nil {
		return nil, err
	}
	stored, err := t.catalogInForce(ctx) // which says what to do when there is none
	if err != nil {
		return nil, err
	}
	if err := held.ReloadCatalog(ctx); err != nil {
		return nil, fmt.Errorf("read catalog version %d: %w", stored.Version, err)
	}
	c, _ := held.Catalog()
	return c, nil
}

type planMoveLine struct {
	ID         string     `json:"plan_move_id"`
	To         string     `json:"to"`
	At         time.Time  `json:"at"`
	SettledAt  *time.Time `json:"settled_at,omitempty"`
	CanceledAt *time.Time `json:"canceled_at,omitempty"`
}

func planMoveOf(m tenants.PlanMove) planMoveLine {
	return planMoveLine{m.ID.String(), m.Pin().String(), m.MovesAt.UTC(), m.SettledAt, m.CanceledAt}
}

func (m planMoveLine) state() string {
	switch {
	case m.CanceledAt != nil:
		return "canceled"
	case m.SettledAt != nil:
		return "done"
	}
	return "dated"
}

// planOut is what a tenant has.
type planOut struct {
	Plan     string         `json:"plan"`
	Trial    string         `json:"trial,omitempty"`
	Until    *time.Time     `json:"trial_until,omitempty"`
	Moves    []planMoveLine `json:"moves"`
	Features []featureLine  `json:"features"`
}

type featureLine struct {
	Feature billing.Feature `json:"feature"`
	Has     bool            `json:"included"`
	Number  *billing.Number `json:"number,omitempty"`
	Source  catalog.Source  `json:"source"`
	Expires *time.Time      `json:"expires_at,omitempty"`
}

func featureOf(f catalog.Entitled) featureLine {
	line := featureLine{Feature: f.Feature, Has: f.Included, Number: f.Number, Source: f.Source}
	if !f.Expires.IsZero() {
		line.Expires = &f.Expires
	}
	return line
}

func (f featureLine) columns() []string {
	has := "no"
	if f.Has {
		has = "yes"
	}
	if f.Number != nil {
		has = f.Number.String()
	}
	return []string{string(f.Feature), has, string(f.Source), dated(f.Expires)}
}

func dated(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

func (t *target) showPlan(ctx context.Context, c *cobra.Command, slug string) error {
	held, err := t.catalog(ctx)
	if err != nil {
		return err
	}
	out := planOut{Moves: []planMoveLine{}, Features: []featureLine{}}
	err = t.within(ctx, slug, func(tx *db.TenantTx) error {
		sold, err := tenants.Entitled(ctx, tx)
		if err != nil {
			return err
		}
		moves, err := tenants.PlanMoves(ctx, tx)
		for _, m := range moves {
			out.Moves = append(out.Moves, planMoveOf(m))
		}
		out.Plan = sold.Bought(tx.Now).String()
		if at := sold.At(tx.Now); at != sold.Bought(tx.Now) {
			out.Trial, out.Until = at.String(), &sold.Trial.Until
		}
		for _, f := range held.Entitled(&sold, tx.Now) {
			out.Features = append(out.Features, featureOf(f))
		}
		return err
	})
	if err != nil {
		return err
	}
	return show(c, out, func() error { return out.print(c) })
}

func (o planOut) print(c *cobra.Command) error {
	rows := [][]string{{"plan", o.Plan, ""}}
	if o.Until != nil {
		rows = append(rows, []string{"trial", o.Trial, "until " + dated(o.Until)})
	}
	for _, m := range o.Moves {
		rows = append(rows, []string{"move", m.To, m.state() + " " + dated(&m.At)})
	}
	if err := table(c, rows[0], rows[1:]); err != nil {
		return err
	}
	if err := say(c, ""); err != nil {
		return err
	}
	rows = nil
	for _, f := range o.Features {
		rows = append(rows, f.columns())
	}
	return table(c, []string{"FEATURE", "HAS", "FROM", "UNTIL"}, rows)
}
