package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Trial lends the tenant a higher plan until a moment, or until it is ended before.
type Trial struct {
	ID          id.PlanTrial `gorm:"primaryKey"`
	Plan        billing.Plan
	PlanVersion int64
	StartedAt   time.Time
	EndsAt      time.Time
	EndedAt     *time.Time
}

// TableName implements GORM's Tabler.
func (Trial) TableName() string { return "plan_trials" }

// Pin is the version of the plan that is lent.
func (t Trial) Pin() billing.Pin { return billing.Pin{Plan: t.Plan, Version: t.PlanVersion} }

// ErrTrialRunning refuses a second trial beside one that runs.
var ErrTrialRunning = errs.New(errs.Conflict, "trial_running", "A trial is running. End it first.")

// StartTrial lends the tenant a version of a higher plan than it has. The trial ends by the clock of each decision.
func StartTrial(ctx context.Context, tx *db.TenantTx, of billing.Pin, until time.Time) (Trial, error) {
	of, err := FindPlan(ctx, tx, of)
	if err != nil {
		return Trial{}, err
	}
	if !until.After(tx.Now) {
		return Trial{}, errs.InvalidField("until", "This time has passed.")
	}
	if _, err := current(ctx, tx, locked); err != nil {
		return Trial{}, err
	}
	sold, err := Entitled(ctx, tx)
	if err != nil {
		return Trial{}, err
	}
	if of.Plan.Rank() <= sold.Bought(tx.Now).Plan.Rank() {
		return Trial{}, errs.InvalidField("plan", "A trial is of a higher plan than the tenant has.")
	}
	if open, err := openTrial(ctx, tx); err != nil {
		return Trial{}, err
	} else if open != nil {
		if tx.Now.Before(open.EndsAt) {
			return Trial{}, ErrTrialRunning
		}
		if err := closeTrial(ctx, tx, open, open.EndsAt); err != nil {
			return Trial{}, err
		}
	}
	t := Trial{ID: id.New[id.PlanTrial](), Plan: of.Plan, PlanVersion: of.Version, StartedAt: tx.Now, EndsAt: until.UTC()}
	if err := db.Of[Trial](tx.DB).Create(ctx, &t); err != nil {
		return Trial{}, fmt.Errorf("store trial: %w", err)
	}
	tx.Changed("tenant")
	return t, events.Record(ctx, tx, events.TrialStarted, t.ID, events.Data{"plan": t.Plan, "version": t.PlanVersion, "until": t.EndsAt})
}

// EndTrial ends a running trial now.
func EndTrial(ctx context.Context, tx *db.TenantTx) (Trial, error) {
	if _, err := current(ctx, tx, locked); err != nil {
		return Trial{}, err
	}
	open, err := openTrial(ctx, tx)
	if err != nil {
		return Trial{}, err
	}
	if open == nil || !tx.Now.Before(open.EndsAt) {
		return Trial{}, errs.NotFound("running trial")
	}
	if err := closeTrial(ctx, tx, open, tx.Now); err != nil {
		return Trial{}, err
	}
	tx.Changed("tenant")
	return *open, events.Record(ctx, tx, events.TrialEnded, open.ID, events.Data{"plan": open.Plan, "version": open.PlanVersion})
}

func openTrial(ctx context.Context, tx *db.TenantTx) (*Trial, error) {
	list, err := db.Of[Trial](tx.DB).Where("ended_at IS NULL").Limit(1).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load trial: %w", err)
	}
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // no trial is not an error here
	}
	return &list[0], nil
}

func closeTrial(ctx context.Context, tx *db.TenantTx, t *Trial, at time.Time) error {
	t.EndedAt = &at
	if _, err := db.Of[Trial](tx.DB).Where("id = ?", t.ID).Select("ended_at").Updates(ctx, *t); err != nil {
		return fmt.Errorf("end trial: %w", err)
	}
	return nil
}
