package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// usageAsked is what the flags of a report say.
type usageAsked struct {
	tenant, meter, by, month, billing, from, to, step, format string
	top                                                       int
}

// usageAnswer is the report of one meter.
type usageAnswer struct {
	meter billing.Meter
	query usage.Query
	rows  []usage.Row
}

func usageReport() *cobra.Command {
	var in usageAsked
	c := &cobra.Command{
		Use:   "report --tenant SLUG [--by user,model] [--month 2026-11]",
		Short: "Report what a tenant used, up to this moment",
		Long: "Of each meter of the catalog that the tenant used, or of one; in the month that runs, or in another range. Times are in UTC, and a\n" +
			"range is widened to whole days, or to full hours with --step hour. --billing goes by when billing begins now, and from hour to hour.",
		Example: "  gatehouse usage report --tenant acme --by user --month 2026-11\n" +
			"  gatehouse usage report --tenant acme --meter ai.tokens --by model --step day --format csv\n" +
			"  gatehouse usage report --tenant acme --billing=2026-10-20",
		Args: func(c *cobra.Command, args []string) error {
			if in.billing == running && len(args) == 1 { // it looks like the date, and no flag whose value may be left out takes one
				return fmt.Errorf("want --billing=%s for the billing period of that date", args[0])
			}
			return nothing(c, args)
		},
	}
	c.Flags().StringVar(&in.tenant, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&in.meter, "meter", "", "a meter of the catalog (default: all that were used)")
	c.Flags().StringVar(&in.by, "by", "", "some of user, api_key, feature, model, route, role, directory_group, currency and subject, parted by commas")
	c.Flags().StringVar(&in.month, "month", "", "a month such as 2026-11 (default: the one that runs)")
	c.Flags().StringVar(&in.billing, "billing", "", "the tenant's billing period that runs, or with --billing=DATE the one of that date")
	c.Flags().Lookup("billing").NoOptDefVal = running
	c.Flags().StringVar(&in.from, "from", "", "not before this date or time")
	c.Flags().StringVar(&in.to, "to", "", "before this date or time (default: now)")
	c.Flags().StringVar(&in.step, "step", "", "hour, day or month (default: one row for the whole range)")
	c.Flags().IntVar(&in.top, "top", 0, "only so many groups: those that used most")
	c.Flags().StringVar(&in.format, "format", "table", "table, csv, json, or parquet with --meter")
	required(c, "tenant")
	c.MarkFlagsMutuallyExclusive("month", "billing", "from")
	c.MarkFlagsMutuallyExclusive("month", "billing", "to")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !slices.Contains([]string{"table", "csv", "json", "parquet"}, in.format) {
			return fmt.Errorf("--format %q is neither table, csv, json nor parquet", in.format)
		}
		if in.format == "parquet" && in.meter == "" {
			return errors.New("--format parquet is of one --meter")
		}
		q, err := in.query()
		if err != nil {
			return err
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		answers, err := t.reportUsage(ctx, in, &q)
		if err != nil {
			return err
		}
		switch in.format {
		case "csv":
			return usageCSV(c, q, answers)
		case "json":
			return usageJSON(c, answers)
		case "parquet":
			return usage.WriteParquet(c.OutOrStdout(), answers[0].query, answers[0].rows)
		}
		if in.billing != "" {
			from, to := q.Range()
			fmt.Fprintf(c.OutOrStdout(), "the billing period of %s is %s to %s\n", in.tenant, from.Format(time.RFC3339), to.Format(time.RFC3339))
		}
		return usageTable(c, q, answers)
	}
	return data(c)
}

// query is what is asked of each meter. What the flags leave open is zero.
func (in usageAsked) query() (q usage.Query, err error) {
	q = usage.Query{Meter: in.meter, Step: usage.Step(in.step), Top: in.top}
	if in.by != "" {
		for name := range strings.SplitSeq(in.by, ",") {
			q.GroupBy = append(q.GroupBy, usage.Dimension(strings.TrimSpace(name)))
		}
	}
	if in.month != "" {
		if q.From, err = time.Parse("2006-01", in.month); err != nil {
			return q, fmt.Errorf("--month %q is no month such as 2026-11", in.month)
		}
		q.To = q.From.AddDate(0, 1, 0)
		return q, nil
	}
	if in.billing == running {
		return q, nil
	}
	if in.billing != "" {
		q.From, err = moment("billing", in.billing)
		return q, err
	}
	if q.From, err = moment("from", in.from); err != nil {
		return q, err
	}
	q.To, err = moment("to", in.to)
	return q, err
}

// running is the billing period of now.
const running = "now"

// reportUsage asks for one meter, or for all of the catalog, and leaves out those that were not used. What the flags left open of the question it fills in.
func (t *target) reportUsage(ctx context.Context, in usageAsked, q *usage.Query) (answers []usageAnswer, err error) {
	held, err := t.catalog(ctx)
	if err != nil {
		return nil, err
	}
	if _, known := held.Meter(billing.Feature(q.Meter)); q.Meter != "" && !known {
		return nil, fmt.Errorf("the catalog has no meter %q", q.Meter)
	}
	err = t.within(ctx, in.tenant, func(tx *db.TenantTx) error {
		sold, err := tenants.Entitled(ctx, tx)
		if err != nil {
			return err
		}
		switch {
		case in.billing == running:
			q.From, q.To = billing.Billing.Bounds(tx.Now, sold.Anchor)
		case in.billing != "":
			q.From, q.To = billing.Billing.Bounds(q.From, sold.Anchor)
		}
		q.Hours = in.billing != "" && !q.From.Equal(q.From.Truncate(24*time.Hour))
		if q.To.IsZero() {
			q.To = tx.Now
		}
		if q.From.IsZero() {
			q.From = time.Date(tx.Now.Year(), tx.Now.Month(), 1, 0, 0, 0, 0, time.UTC)
		}
		for _, name := range metersOf(held, q.Meter) {
			of := *q
			m, _, _ := held.MeterOf(&sold, name, tx.Now)
			of.Meter, of.Aggregation = string(name), m.Aggregation
			rows, err := usage.Report(ctx, tx, of)
			if err != nil {
				return err
			}
			if len(rows) > 0 || q.Meter != "" {
				answers = append(answers, usageAnswer{m, of, rows})
			}
		}
		return nil
	})
	return answers, err
}

// metersOf are the meters of a catalog, or the one that was named.
func metersOf(c *catalog.Catalog, name string) (meters []billing.Feature) {
	if name != "" {
		return []billing.Feature{billing.Feature(name)}
	}
	for _, f := range c.Features() {
		if f.Meter.Period != "" {
			meters = append(meters, f.Name)
		}
	}
	return meters
}
