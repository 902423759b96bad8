package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// changeLine is what one role on one plan gains and loses.
type changeLine struct {
	Role           rbac.Role         `json:"role"`
	Plan           billing.Plan      `json:"plan"`
	Gained         []rbac.Permission `json:"gained"`
	Lost           []rbac.Permission `json:"lost"`
	GainedFeatures []billing.Feature `json:"gained_features"`
	LostFeatures   []billing.Feature `json:"lost_features"`
}

func changeOf(c catalog.Change) changeLine {
	return changeLine{c.Role, c.Plan, listed(c.Gained), listed(c.Lost), listed(c.GainedFeatures), listed(c.LostFeatures)}
}

// listed is a list as JSON wants it: an empty one, not null.
func listed[T any](list []T) []T { return append([]T{}, list...) }

func (l changeLine) columns() []string {
	return []string{string(l.Role), string(l.Plan), signed(l.Gained, l.Lost), signed(l.GainedFeatures, l.LostFeatures)}
}

// signed is what is gained and lost in one cell: "+reports:export -chat:use".
func signed[T ~string](gained, lost []T) string {
	var parts []string
	for _, g := range gained {
		parts = append(parts, "+"+string(g))
	}
	for _, l := range lost {
		parts = append(parts, "-"+string(l))
	}
	if len(parts) == 0 {
		return "="
	}
	return strings.Join(parts, " ")
}

// affected is a tenant whose members gain or lose something, by their roles.
type affected struct {
	ID      string       `json:"tenant_id"`
	Slug    string       `json:"slug"`
	Plan    billing.Plan `json:"plan"`
	Changes []changeLine `json:"changes"`
}

type diffOut struct {
	Changes []changeLine `json:"changes"`
	Tenants []affected   `json:"tenants,omitzero"` // nil unless asked for
}

func catalogDiff() *cobra.Command {
	var withTenants bool
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what each role on each plan gains and loses from one catalog file to another",
		Long:  "With --tenants it also lists the tenants of the database whose plan gains or loses something; without, it needs no database.",
		Example: "  gatehouse catalog show --source > old.yaml\n" +
			"  gatehouse catalog diff --tenants old.yaml new.yaml",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want two arguments: %s", c.UseLine())
			}
			return nil
		},
	}
	c.Flags().BoolVar(&withTenants, "tenants", false, "also list the tenants that gain or lose something")
	c.RunE = func(c *cobra.Command, args []string) error {
		before, errBefore := parseCatalog(args[0])
		after, errAfter := parseCatalog(args[1])
		if err := errors.Join(errBefore, errAfter); err != nil {
			return err
		}
		out := diffOut{Changes: []changeLine{}}
		for _, change := range catalog.Diff(before, after) {
			out.Changes = append(out.Changes, changeOf(change))
		}
		if withTenants {
			ctx, t, err := open(c)
			if err != nil {
				return err
			}
			defer t.db.Close()
			if out.Tenants, err = t.affected(ctx, out.Changes); err != nil {
				return err
			}
		}
		return show(c, out, func() error { return out.print(c) })
	}
	return printing(data(c))
}

// affected lists the tenants on plans that change, oldest first.
func (t *target) affected(ctx context.Context, changes []changeLine) ([]affected, error) {
	byPlan := map[billing.Plan][]changeLine{}
	for _, change := range changes {
		byPlan[change.Plan] = append(byPlan[change.Plan], change)
	}
	out := []affected{}
	err := t.db.System(ctx, func(sys *db.SystemTx) error {
		rows, err := all(func(after id.Tenant, n int) ([]tenants.Tenant, error) { return tenants.All(ctx, sys, after, n) },
			func(t tenants.Tenant) id.Tenant { return t.ID })
		for _, row := range rows {
			if changes := byPlan[row.Plan]; len(changes) > 0 {
				out = append(out, affected{row.ID.String(), row.Slug, row.Plan, changes})
			}
		}
		return err
	})
	return out, err
}

func (o diffOut) print(c *cobra.Command) error {
	if len(o.Changes) == 0 {
		return say(c, "no role gains or loses anything")
	}
	var rows [][]string
	for _, change := range o.Changes {
		rows = append(rows, change.columns())
	}
	heading := []string{"ROLE", "PLAN", "PERMISSIONS", "FEATURES"}
	if err := table(c, heading, rows); err != nil || o.Tenants == nil {
		return err
	}
	if len(o.Tenants) == 0 {
		return say(c, "\nno tenant is on a plan that changes")
	}
	if err := say(c, ""); err != nil {
		return err
	}
	rows = nil
	for _, t := range o.Tenants {
		for _, change := range t.Changes {
			rows = append(rows, append([]string{t.Slug}, change.columns()...))
		}
	}
	return table(c, append([]string{"TENANT"}, heading...), rows)
}
