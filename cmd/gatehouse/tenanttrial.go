package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func tenantTrial() *cobra.Command {
	return group("trial", "Lend a tenant a higher plan for a time", trialStart(), trialEnd())
}

type trialLine struct {
	ID      string     `json:"plan_trial_id"`
	Plan    string     `json:"plan"`
	Started time.Time  `json:"started_at"`
	Until   time.Time  `json:"until"`
	Ended   *time.Time `json:"ended_at,omitempty"`
}

func trialOf(t tenants.Trial) trialLine {
	return trialLine{t.ID.String(), t.Pin().String(), t.StartedAt, t.EndsAt, t.EndedAt}
}

func trialStart() *cobra.Command {
	var plan, until string
	var version int64
	c := &cobra.Command{
		Use:     "start SLUG --plan PLAN --until DATE",
		Short:   "Lend a tenant a plan above its own until a date",
		Long:    "The trial ends by itself, at the first decision after its end. A move to a plan as high makes it pointless and does not end it.",
		Example: "  gatehouse tenant trial start acme --plan team --until 2027-01-01",
		Args:    one,
	}
	c.Flags().StringVar(&plan, "plan", "", "pro, team or enterprise")
	c.Flags().Int64Var(&version, "version", 0, "the version of the plan (default: the newest)")
	c.Flags().StringVar(&until, "until", "", "a date, which begins in UTC, or a time such as 2027-01-01T09:00:00Z")
	required(c, "plan", "until")
	c.RunE = func(c *cobra.Command, args []string) error {
		of, err := billing.ParsePlan(plan)
		if err != nil {
			return err
		}
		end, err := moment("until", until)
		if err != nil {
			return err
		}
		return trying(c, args[0], func(ctx context.Context, tx *db.TenantTx) (tenants.Trial, error) {
			return tenants.StartTrial(ctx, tx, billing.Pin{Plan: of, Version: version}, end)
		}, "%s has %s until %s")
	}
	return printing(data(c))
}

func trialEnd() *cobra.Command {
	c := &cobra.Command{Use: "end SLUG", Short: "End a tenant's trial now", Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		return trying(c, args[0], tenants.EndTrial, "%s has %s no more; it would have ended on %s")
	}
	return printing(data(c))
}

func trying(c *cobra.Command, slug string, change func(context.Context, *db.TenantTx) (tenants.Trial, error), said string) error {
	ctx, t, err := open(c)
	if err != nil {
		return err
	}
	defer t.db.Close()
	var trial tenants.Trial
	err = t.within(ctx, slug, func(tx *db.TenantTx) error {
		trial, err = change(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return show(c, trialOf(trial), func() error { return say(c, said, slug, trial.Pin(), trial.EndsAt.Format(time.RFC3339)) })
}
