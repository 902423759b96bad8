package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// eventDays is for how long events are kept: sums of what is older cannot be compared.
const eventDays = 45

type differenceLine struct {
	Tenant string `json:"tenant_id"`
	Meter  string `json:"meter"`
	Day    string `json:"day"`
	Cells  int64  `json:"wrong_sums"`

	Events       int64 `json:"events"`
	HourEvents   int64 `json:"hour_events"`
	DayEvents    int64 `json:"day_events"`
	Quantity     int64 `json:"quantity"`
	HourQuantity int64 `json:"hour_quantity"`
	DayQuantity  int64 `json:"day_quantity"`
	Cost         int64 `json:"cost"`
	HourCost     int64 `json:"hour_cost"`
	DayCost      int64 `json:"day_cost"`
}

func differenceOf(d usage.Difference) differenceLine {
	return differenceLine{
		d.TenantID.String(), d.Meter, d.Day.UTC().Format(time.DateOnly), d.Cells, d.Events, d.HourEvents, d.DayEvents, d.Quantity, d.HourQuantity,
		d.DayQuantity, d.Cost, d.HourCost, d.DayCost,
	}
}

func (d differenceLine) columns() []string {
	three := func(a, b, c int64) string { return fmt.Sprintf("%d / %d / %d", a, b, c) }
	return []string{
		d.Tenant, plain(d.Meter), d.Day, fmt.Sprint(d.Cells), three(d.Events, d.HourEvents, d.DayEvents),
		three(d.Quantity, d.HourQuantity, d.DayQuantity), three(d.Cost, d.HourCost, d.DayCost),
	}
}

func usageVerify() *cobra.Command {
	var slug, from, to string
	c := &cobra.Command{
		Use:   "verify [--tenant SLUG] [--from DATE] [--to DATE]",
		Short: "Count events again, compare them with sums and seals; ends with 0 if they agree and with 1 if not",
		Long: "Reads all events that are kept, those of 45 days, in one snapshot. Each line of the answer is a day of a meter: how many of its\n" +
			"sums are wrong, and what its events, its sums by hour and its sums by day say. Where the three are equal, something within them is\n" +
			"not, such as who it was or how many tokens. What was recorded in the last seconds is not in the sums yet, and not compared.\n" +
			"Then it seals the days of the range once more, from before that too if --from says so: older events are in segments. Each line is a\n" +
			"day of a tenant and what is wrong with it.",
		Args: nothing,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug (default: all tenants)")
	c.Flags().StringVar(&from, "from", "", "the first day, in UTC (default: the oldest of which all events are kept)")
	c.Flags().StringVar(&to, "to", "", "the day after the last one (default: up to now)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var a usage.Audit
		var err error
		if a.From, err = moment("from", from); err != nil {
			return err
		}
		if a.To, err = moment("to", to); err != nil {
			return err
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		if slug != "" {
			tenant, err := t.tenant(ctx, slug)
			if err != nil {
				return err
			}
			a.Tenant = tenant.ID
		}
		var found verified
		err = t.db.System(ctx, func(sys *db.SystemTx) error {
			sums, seals, err := auditOf(a, sys.Now)
			if err != nil {
				return err
			}
			found.audit = seals
			if sums.From.Before(sums.To) {
				if found.sums, err = usage.Verify(ctx, sys, sums); err != nil {
					return err
				}
			}
			found.seals, err = usage.VerifySeals(ctx, sys, seals)
			return err
		})
		if err != nil {
			return err
		}
		return found.show(c)
	}
	return printing(data(c))
}

// auditOf completes a range of whole days. Sums are compared for those of which all events are kept.
func auditOf(a usage.Audit, now time.Time) (sums, seals usage.Audit, err error) {
	const day = 24 * time.Hour
	today := now.UTC().Truncate(day)
	oldest := today.AddDate(0, 0, -eventDays)
	if a.From.IsZero() {
		a.From = oldest
	}
	if a.To.IsZero() {
		a.To = today.AddDate(0, 0, 2) // events may be some minutes ahead
	}
	switch {
	case !a.From.Truncate(day).Equal(a.From), !a.To.Truncate(day).Equal(a.To):
		return a, a, errors.New("--from and --to are days, such as 2026-11-01")
	case !a.From.Before(a.To):
		return a, a, errors.New("--to is not after --from")
	}
	sums = a
	if sums.From.Before(oldest) {
		sums.From = oldest
	}
	return sums, a, nil
}

// verified is what was found wrong.
type verified struct {
	audit usage.Audit
	sums  []usage.Difference
	seals []usage.BrokenSeal
}

type brokenSealLine struct {
	Tenant string `json:"tenant_id"`
	Day    string `json:"day"`
	What   string `json:"what"`
}

// show ends with errRefused if there is anything.
func (v verified) show(c *cobra.Command) error {
	out := struct {
		Sums  []differenceLine `json:"sums"`
		Seals []brokenSealLine `json:"seals"`
	}{[]differenceLine{}, []brokenSealLine{}}
	var sums, seals [][]string
	for _, d := range v.sums {
		line := differenceOf(d)
		out.Sums, sums = append(out.Sums, line), append(sums, line.columns())
	}
	for _, b := range v.seals {
		line := brokenSealLine{b.TenantID.String(), b.Day.UTC().Format(time.DateOnly), b.What}
		out.Seals, seals = append(out.Seals, line), append(seals, []string{line.Tenant, line.Day, line.What})
	}
	err := show(c, out, func() error {
		if len(sums)+len(seals) == 0 {
			return say(c, "events, sums and seals agree from %s to before %s", v.audit.From.Format(time.DateOnly), v.audit.To.Format(time.DateOnly))
		}
		if len(sums) > 0 {
			heading := []string{
				"TENANT", "METER", "DAY", "WRONG SUMS", "EVENTS: RAW / HOURS / DAYS", "QUANTITY: RAW / HOURS / DAYS", "COST: RAW / HOURS / DAYS",
			}
			if err := table(c, heading, sums); err != nil {
				return err
			}
		}
		if len(seals) > 0 {
			return table(c, []string{"TENANT", "DAY", "SEAL"}, seals)
		}
		return nil
	})
	if err != nil || len(sums)+len(seals) == 0 {
		return err
	}
	return errRefused
}
