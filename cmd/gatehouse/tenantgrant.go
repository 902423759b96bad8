package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func tenantGrant() *cobra.Command {
	return group("grant", "Give a tenant more of a meter once, beside what its plan includes", grantGive(), grantRevoke(), grantList())
}

type grantLine struct {
	ID        string          `json:"grant_id"`
	Meter     billing.Feature `json:"meter"`
	Amount    int64           `json:"amount"`
	StartsAt  time.Time       `json:"starts_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Reason    string          `json:"reason"`
	GivenBy   string          `json:"given_by"`
	RevokedAt *time.Time      `json:"revoked_at,omitempty"`
}

func grantOf(g quota.Grant) grantLine {
	return grantLine{g.ID.String(), g.Meter, g.Amount, g.StartsAt.UTC(), g.ExpiresAt.UTC(), g.Reason, g.GivenBy, g.RevokedAt}
}

func (g grantLine) columns() []string {
	return []string{g.ID, string(g.Meter), fmt.Sprint(g.Amount), dated(&g.ExpiresAt), dated(g.RevokedAt), g.Reason}
}

func grantGive() *cobra.Command {
	var slug, amount, reason, expires string
	c := &cobra.Command{
		Use:   "give METER --tenant SLUG --amount N --reason TEXT [--expires DATE]",
		Short: "Give a tenant more of a meter: until a date, or in the period that runs",
		Long: "A grant is used after what the plan includes, also across periods, and once. Without --expires it ends with the meter's period\n" +
			"that runs now.",
		Example: "  gatehouse tenant grant give ai.tokens --tenant acme --amount 50000 --reason 'outage of 4 May' --expires 2027-01-01",
		Args:    one,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&amount, "amount", "", "how much")
	c.Flags().StringVar(&reason, "reason", "", "why, for the tenant's event log")
	c.Flags().StringVar(&expires, "expires", "", "until when: a date, which begins in UTC, or a time (default: the end of the period)")
	required(c, "tenant", "amount", "reason")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := billing.ParseNumber(amount)
		if err != nil || n.Unlimited {
			return fmt.Errorf("--amount %q is not a number of at most 999999999999999 in digits", amount)
		}
		until, err := moment("expires", expires)
		if err != nil {
			return err
		}
		g := quota.Grant{Meter: billing.Feature(args[0]), Amount: n.Value, ExpiresAt: until, Reason: reason}
		return overriding(c, slug, func(ctx context.Context, tx *db.TenantTx, held *catalog.Catalog) error {
			if g.ExpiresAt, err = grantEnds(ctx, tx, held, g); err != nil {
				return err
			}
			g, err = quota.Give(ctx, tx, g)
			return err
		}, func() any { return grantOf(g) }, func() error {
			return say(c, "%s has %d more of %s until %s", slug, g.Amount, g.Meter, g.ExpiresAt.Format(time.RFC3339))
		})
	}
	return printing(data(c))
}

// grantEnds is when a grant expires: with the period that runs, if it does not say.
func grantEnds(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, g quota.Grant) (time.Time, error) {
	e, err := tenants.Entitled(ctx, tx)
	if err != nil {
		return time.Time{}, err
	}
	m, _, metered := c.MeterOf(&e, g.Meter, tx.Now)
	if !metered {
		return time.Time{}, fmt.Errorf("the catalog has no meter %q", g.Meter)
	}
	if !m.Aggregation.Adds() {
		return time.Time{}, fmt.Errorf("nothing is used up of the meter %q, whose aggregation is %s: set an override", g.Meter, m.Aggregation)
	}
	if !g.ExpiresAt.IsZero() {
		return g.ExpiresAt, nil
	}
	_, ends := m.Period.Bounds(tx.Now, e.Anchor)
	return ends, nil
}

func grantRevoke() *cobra.Command {
	var slug string
	c := &cobra.Command{Use: "revoke GRANT --tenant SLUG", Short: "Take back what is left of a grant", Args: one}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		var grant id.Grant
		if err := grant.UnmarshalText([]byte(args[0])); err != nil {
			return fmt.Errorf("grant %q: %w", args[0], err)
		}
		return overriding(c, slug, func(ctx context.Context, tx *db.TenantTx, _ *catalog.Catalog) error {
			return quota.Revoke(ctx, tx, grant)
		}, func() any { return map[string]string{"revoked": args[0]} }, func() error { return say(c, "%s of %s is revoked", args[0], slug) })
	}
	return printing(data(c))
}

func grantList() *cobra.Command {
	return lister[quota.Grant, grantLine]{
		short:   "List what a tenant was given, the oldest first",
		heading: []string{"GRANT", "METER", "AMOUNT", "UNTIL", "REVOKED", "REASON"},
		rows: func(ctx context.Context, _ *target, tx *db.TenantTx) ([]quota.Grant, error) {
			return quota.Grants(ctx, tx)
		},
		line: grantOf, columns: grantLine.columns,
	}.command()
}
