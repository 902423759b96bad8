package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

type sealedLine struct {
	Day     string `json:"day"`
	Tenants int    `json:"tenants"`
	Events  int64  `json:"events"`
}

func usageSeal() *cobra.Command {
	var day string
	c := &cobra.Command{
		Use:   "seal [--day DATE]",
		Short: "Seal the days that are over, of all tenants, as a server does by itself within some minutes",
		Long: "A seal is the Merkle root of what was recorded in a day, chained to that of the day before. A day that is sealed stays as it is, and\n" +
			"what comes late is in the seal of the day on which it comes. A day waits while a transaction runs that may have written into it.",
		Args: nothing,
	}
	c.Flags().StringVar(&day, "day", "", "fail unless this day is sealed then")
	c.RunE = func(c *cobra.Command, _ []string) error {
		wanted, err := moment("day", day)
		if err != nil {
			return err
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		days, err := t.seal(ctx, wanted)
		if err != nil {
			return err
		}
		lines := make([]sealedLine, 0, len(days))
		rows := make([][]string, 0, len(days))
		for _, d := range days {
			lines = append(lines, sealedLine{d.Day.Format(time.DateOnly), d.Tenants, d.Events})
			rows = append(rows, []string{d.Day.Format(time.DateOnly), fmt.Sprint(d.Tenants), fmt.Sprint(d.Events)})
		}
		return show(c, lines, func() error {
			if len(rows) == 0 {
				return say(c, "nothing to seal")
			}
			return table(c, []string{"DAY", "TENANTS", "EVENTS"}, rows)
		})
	}
	return printing(data(c))
}

// seal works by the database's clock.
func (t *target) seal(ctx context.Context, wanted time.Time) (days []usage.SealedDay, err error) {
	var now time.Time
	if err := t.db.System(ctx, func(sys *db.SystemTx) error { now = sys.Now; return nil }); err != nil {
		return nil, err
	}
	if !wanted.IsZero() && wanted.AddDate(0, 0, 1).After(now) {
		return nil, fmt.Errorf("%s is not over", wanted.Format(time.DateOnly))
	}
	pool, err := usage.Open(ctx, t.db)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	r, err := usage.New(usage.Config{Pool: pool, Clock: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	if days, err = r.Seal(ctx); err != nil || wanted.IsZero() {
		return days, err
	}
	err = t.db.System(ctx, func(sys *db.SystemTx) error {
		closed, err := usage.Closed(ctx, sys, wanted)
		if err == nil && !closed {
			err = errors.New("the day cannot be sealed yet: transactions run that may have written into it")
		}
		return err
	})
	return days, err
}
