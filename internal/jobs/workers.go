package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Workers is the list of functions that do jobs, one for each kind. Make it with [NewWorkers] and fill it with [Handle] and
// [HandleSystem].
type Workers struct {
	db    *db.DB
	river *river.Workers
	wrong []error
}

// NewWorkers returns an empty list. Tenant jobs enter their tenants through d.
func NewWorkers(d *db.DB) *Workers { return &Workers{db: d, river: river.NewWorkers()} }

// Job is a tenant's job under way.
type Job[T Args] struct {
	Args    T
	Tenant  id.Tenant
	Attempt int // from 1
}

// Handle registers fn for the tenants' jobs of kind T. fn enters the tenant itself, with db.Tenant, as often as it needs: no transaction
// is open while it talks to the world. It may see the same job again. A job without a tenant, or of a deleted one, is canceled unseen.
func Handle[T Args](w *Workers, fn func(ctx context.Context, job Job[T]) error) {
	add(w, func(ctx context.Context, job *river.Job[T]) error {
		tenant, err := enter(ctx, w.db, job.JobRow)
		if err != nil {
			return err
		}
		return fn(ctx, Job[T]{Args: job.Args, Tenant: tenant, Attempt: job.Attempt})
	})
}

// HandleSystem registers fn for the jobs of kind T that belong to no tenant. A job that names a tenant is canceled unseen.
func HandleSystem[T Args](w *Workers, fn func(ctx context.Context, args T) error) {
	add(w, func(ctx context.Context, job *river.Job[T]) error {
		if _, err := Tenant(job.JobRow); err == nil {
			return river.JobCancel(errors.New("a job of the installation names a tenant"))
		}
		return fn(ctx, job.Args)
	})
}

// GiveUp wraps the error of a job that trying again would not help.
func GiveUp(err error) error { return river.JobCancel(err) }

func add[T Args](w *Workers, fn func(context.Context, *river.Job[T]) error) {
	var args T
	if err := river.AddWorkerSafely(w.river, river.WorkFunc(fn)); err != nil {
		w.wrong = append(w.wrong, fmt.Errorf("worker of %s: %w", args.Kind(), err))
	}
}

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	Completed Outcome = "completed"
	Retrying  Outcome = "retrying"
	Canceled  Outcome = "canceled"  // given up at once
	Discarded Outcome = "discarded" // given up after the last attempt
	Panicked  Outcome = "panicked"
)

func outcomeOf(job *rivertype.JobRow, err error, returned bool) Outcome {
	switch {
	case !returned:
		return Panicked
	case err == nil:
		return Completed
	case errors.As(err, new(*river.JobCancelError)):
		return Canceled
	case job.Attempt >= job.MaxAttempts:
		return Discarded
	default:
		return Retrying
	}
}
