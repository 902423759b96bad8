package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// billingRequest is what the flags of gatehouse tenant billing ask for.
type billingRequest struct {
	begins       time.Time // zero with calendar
	move, dryRun bool
}

func tenantBilling() *cobra.Command {
	var begins string
	var calendar bool
	var r billingRequest
	c := &cobra.Command{
		Use:   "billing SLUG [(--begins DATE | --calendar) [--dry-run]]",
		Short: "Show a tenant's billing period, or have it begin at another time, and say what was used in it",
		Long: "The day of the month and the hour of --begins, in UTC, are when billing periods begin: on the last day of a month that has no such\n" +
			"day. The period that runs is another at once, and has what was used in its new bounds: nothing is lost or counts twice, but what was\n" +
			"used before the new period begins counts in it no more. --dry-run says how much that is.",
		Example: "  gatehouse tenant billing acme --begins 2026-11-15 --dry-run\n" +
			"  gatehouse tenant billing acme --begins 2026-11-15T09:00:00Z",
		Args: one,
	}
	c.Flags().StringVar(&begins, "begins", "", "when billing began or begins: a date, which begins in UTC, or a time such as 2026-11-15T09:00:00Z")
	c.Flags().BoolVar(&calendar, "calendar", false, "have billing periods be the months of the calendar")
	c.Flags().BoolVar(&r.dryRun, "dry-run", false, "say what would change, and change nothing")
	c.MarkFlagsMutuallyExclusive("begins", "calendar")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if r.begins, err = moment("begins", begins); err != nil {
			return err
		}
		switch r.move = c.Flags().Changed("begins") || calendar; {
		case r.dryRun && !r.move:
			return errors.New("--dry-run goes with --begins or --calendar")
		case r.move && !calendar && r.begins.IsZero(): // which the first day of the year 1 is too
			return errors.New("--begins is a date; for the months of the calendar say --calendar")
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		return t.bill(ctx, c, args[0], r)
	}
	return printing(data(c))
}

// billingPeriod is the one that runs.
type billingPeriod struct {
	Anchor   *time.Time `json:"billing_anchor"`
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   time.Time  `json:"ends_at"`
}

func billingPeriodOf(anchor, now time.Time) billingPeriod {
	p := billingPeriod{}
	p.StartsAt, p.EndsAt = billing.Billing.Bounds(now, anchor)
	if !anchor.IsZero() {
		p.Anchor = &anchor
	}
	return p
}

func (p billingPeriod) String() string {
	return p.StartsAt.Format(time.RFC3339) + " to " + p.EndsAt.Format(time.RFC3339)
}

// billingOut is a tenant's billing period, and the one before it moved.
type billingOut struct {
	Tenant string         `json:"tenant"`
	Done   bool           `json:"done"`
	Period billingPeriod  `json:"period"`
	Former *billingPeriod `json:"former_period,omitempty"`
	Meters []billingMeter `json:"meters"` // of billing periods
}

type billingMeter struct {
	Meter  billing.Feature `json:"meter"`
	Limit  billing.Number  `json:"limit"`
	Used   int64           `json:"used"`
	Former *int64          `json:"used_in_former_period,omitempty"`
}

func (t *target) bill(ctx context.Context, c *cobra.Command, slug string, r billingRequest) error {
	held, err := t.catalog(ctx)
	if err != nil {
		return err
	}
	out := billingOut{Tenant: slug, Done: r.move && !r.dryRun, Meters: []billingMeter{}}
	err = t.within(ctx, slug, func(tx *db.TenantTx) error {
		sold, err := tenants.Entitled(ctx, tx)
		if err != nil {
			return err
		}
		out.Period = billingPeriodOf(sold.Anchor, tx.Now)
		if r.move {
			anchor, err := tenants.CheckBilling(r.begins, tx.Now)
			if err != nil {
				return err
			}
			former := out.Period
			out.Former, out.Period = &former, billingPeriodOf(anchor, tx.Now)
		}
		if err := out.fill(ctx, tx, held, &sold); err != nil || !out.Done {
			return err
		}
		_, err = tenants.SetBilling(ctx, tx, r.begins)
		return err
	})
	if err != nil {
		return err
	}
	return show(c, out, func() error { return say(c, "%s", out) })
}

// fill counts what was used of the meters of billing periods.
func (o *billingOut) fill(ctx context.Context, tx *db.TenantTx, held *catalog.Catalog, sold *billing.Entitlements) error {
	for _, name := range held.Meters() {
		m, number, _ := held.MeterOf(sold, name, tx.Now)
		if m.Period != billing.Billing {
			continue
		}
		line := billingMeter{Meter: name, Limit: number}
		var err error
		if line.Used, err = o.Period.used(ctx, tx, name, m); err != nil {
			return err
		}
		if o.Former != nil {
			former, err := o.Former.used(ctx, tx, name, m)
			if err != nil {
				return err
			}
			line.Former = &former
		}
		o.Meters = append(o.Meters, line)
	}
	return nil
}

// used is what was recorded of a meter in the period.
func (p *billingPeriod) used(ctx context.Context, tx *db.TenantTx, meter billing.Feature, m billing.Meter) (int64, error) {
	rows, err := usage.Report(ctx, tx, usage.Query{Meter: string(meter), Aggregation: m.Aggregation, From: p.StartsAt, To: p.EndsAt, Hours: true})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].Value, nil
}

// String says the period in lines.
func (o billingOut) String() string {
	var b strings.Builder
	verb := "is"
	if o.Former != nil && !o.Done {
		verb = "would be"
	}
	fmt.Fprintf(&b, "the billing period of %s %s %s", o.Tenant, verb, o.Period)
	if o.Former != nil {
		fmt.Fprintf(&b, "\nit was %s", *o.Former)
	}
	for _, m := range o.Meters {
		fmt.Fprintf(&b, "\nmeter     %s %d of %s used", m.Meter, m.Used, m.Limit)
		if m.Former != nil {
			fmt.Fprintf(&b, ", %d in the period as it was", *m.Former)
		}
	}
	return b.String()
}
