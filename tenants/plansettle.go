package tenants

import (
	"context"
	"errors"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
)

// settleMove is the job of a dated move. It names none: whatever is due in its tenant is settled.
type settleMove struct{}

// Kind implements jobs.Args.
func (settleMove) Kind() string { return "settle_plan_move" }

var errNotDue = errors.New("the dated change of the plan is not due by the database's clock yet")

// HandlePlanMoves registers the worker that settles dated moves of plans.
func HandlePlanMoves(w *jobs.Workers, d *db.DB) {
	jobs.Handle(w, func(ctx context.Context, job jobs.Job[settleMove]) error {
		ctx = authn.AsSystem(ctx)
		return d.Tenant(ctx, job.Tenant, func(tx *db.TenantTx) error {
			_, err := SettlePlan(ctx, tx)
			if err != nil {
				return err
			}
			// The job's clock may be ahead of the database's. A move that is dated later has a job of its own.
			m, err := openMove(ctx, tx)
			if err == nil && m != nil && job.Attempt < 3 {
				err = errNotDue
			}
			return err
		})
	})
}

// SettlePlan writes a dated move whose moment has come into the tenant's row, and says whether there was one. Decisions do not wait for it.
func SettlePlan(ctx context.Context, tx *db.TenantTx) (bool, error) {
	t, err := current(ctx, tx, locked)
	if errs.As(err).Kind == errs.Missing { // a deleted tenant moves nowhere
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return settle(ctx, tx, &t)
}
