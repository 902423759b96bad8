package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func tenantOverride() *cobra.Command {
	return group("override", "Set single features of a tenant apart from its plan, for a reason and for a time",
		overrideSet(), overrideRemove(), overrideList())
}

type overrideLine struct {
	Feature   billing.Feature `json:"feature"`
	On        bool            `json:"on"`
	Number    *billing.Number `json:"number,omitempty"`
	Reason    string          `json:"reason"`
	ExpiresAt *time.Time      `json:"expires_at,omitempty"`
	SetAt     time.Time       `json:"set_at"`
}

func overrideOf(o tenants.Override) overrideLine {
	line := overrideLine{o.Feature, o.On, o.Number, o.Reason, nil, o.CreatedAt}
	if !o.Expires.IsZero() {
		line.ExpiresAt = &o.Expires
	}
	return line
}

func (o overrideLine) columns() []string {
	value := "off"
	if o.On {
		value = "on"
	}
	if o.Number != nil {
		value = o.Number.String()
	}
	return []string{string(o.Feature), value, dated(o.ExpiresAt), o.Reason}
}

func overrideSet() *cobra.Command {
	var slug, number, reason, expires string
	var on, off bool
	c := &cobra.Command{
		Use:   "set FEATURE --tenant SLUG (--on | --off | --number N) --reason TEXT [--expires DATE]",
		Short: "Switch a feature on or off for a tenant, or give it another number",
		Example: "  gatehouse tenant override set sso --tenant acme --on --reason 'pilot, see contract 4711' --expires 2027-01-01\n" +
			"  gatehouse tenant override set seats --tenant acme --number 25 --reason 'agreed for this year'",
		Args: one,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().BoolVar(&on, "on", false, "the tenant has the feature, whatever its plan")
	c.Flags().BoolVar(&off, "off", false, "the tenant does not have the feature, whatever its plan")
	c.Flags().StringVar(&number, "number", "", "how much of a numeric feature it has, or unlimited")
	c.Flags().StringVar(&reason, "reason", "", "why, for the tenant's event log")
	c.Flags().StringVar(&expires, "expires", "", "until when: a date, which begins in UTC, or a time (default: for good)")
	c.MarkFlagsMutuallyExclusive("on", "off", "number")
	c.MarkFlagsOneRequired("on", "off", "number")
	required(c, "tenant", "reason")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		o := tenants.Override{Override: billing.Override{Feature: billing.Feature(args[0]), On: on}, Reason: reason}
		if c.Flags().Changed("number") {
			n, err := billing.ParseNumber(number)
			if err != nil {
				return fmt.Errorf("--number: %w", err)
			}
			o.Number = &n
		} else if !on && !off {
			return errors.New("want --on, --off or --number")
		}
		if o.Expires, err = moment("expires", expires); err != nil {
			return err
		}
		return overriding(c, slug, func(ctx context.Context, tx *db.TenantTx, held *catalog.Catalog) error {
			if o, err = tenants.SetOverride(ctx, tx, held, o); err != nil {
				return err
			}
			return nil
		}, func() any { return overrideOf(o) }, func() error {
			cells := overrideOf(o).columns()
			return say(c, "%s of %s is %s until %s", cells[0], slug, cells[1], forGood(cells[2]))
		})
	}
	return printing(data(c))
}

func forGood(until string) string {
	if until == "-" {
		return "it is removed"
	}
	return until
}

// overriding changes something of a tenant with the catalog in force at hand, and prints what came of it.
func overriding(
	c *cobra.Command, slug string, change func(context.Context, *db.TenantTx, *catalog.Catalog) error, result func() any, text func() error,
) error {
	ctx, t, err := open(c)
	if err != nil {
		return err
	}
	defer t.db.Close()
	held, err := t.catalog(ctx)
	if err != nil {
		return err
	}
	if err := t.within(ctx, slug, func(tx *db.TenantTx) error { return change(ctx, tx, held) }); err != nil {
		return err
	}
	return show(c, result(), text)
}

func overrideRemove() *cobra.Command {
	var slug string
	c := &cobra.Command{Use: "remove FEATURE --tenant SLUG", Short: "Let the plan say again what a tenant has of a feature", Args: one}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		return overriding(c, slug, func(ctx context.Context, tx *db.TenantTx, _ *catalog.Catalog) error {
			return tenants.RemoveOverride(ctx, tx, billing.Feature(args[0]))
		}, func() any { return map[string]string{"removed": args[0]} }, func() error { return say(c, "%s of %s is as its plan says", args[0], slug) })
	}
	return printing(data(c))
}

func overrideList() *cobra.Command {
	return lister[tenants.Override, overrideLine]{
		short:   "List the features that a tenant has apart from its plan",
		heading: []string{"FEATURE", "VALUE", "UNTIL", "REASON"},
		rows: func(ctx context.Context, _ *target, tx *db.TenantTx) ([]tenants.Override, error) {
			return tenants.Overrides(ctx, tx)
		},
		line: overrideOf, columns: overrideLine.columns,
	}.command()
}
