package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Args are the arguments of a job: a struct that encodes as JSON, of the kind that Kind names. They hold no secret in plain.
type Args = river.JobArgs

// Option changes how a job is done. River's unique jobs are left out: their key is global, and would tell one tenant of another's job.
type Option func(*river.InsertOpts)

// Attempts bounds how often the job is tried; without it 25 times, over three weeks.
func Attempts(n int) Option { return func(o *river.InsertOpts) { o.MaxAttempts = n } }

// At lets the job wait until a moment.
func At(moment time.Time) Option { return func(o *river.InsertOpts) { o.ScheduledAt = moment } }

// metadata is what a job carries beside its arguments.
type metadata struct {
	Tenant string `json:"tenant_id,omitempty"` // a UUID: policies compare it with app.tenant_id
}

// Enqueue inserts a job of the transaction's tenant.
func Enqueue(ctx context.Context, tx *db.TenantTx, args Args, opts ...Option) error {
	return insert(ctx, tx.SQL(), tx.Tenant, args, opts)
}

// EnqueueSystem inserts a job that belongs to no tenant.
func EnqueueSystem(ctx context.Context, tx *db.SystemTx, args Args, opts ...Option) error {
	return insert(ctx, tx.SQL(), id.Tenant{}, args, opts)
}

func insert(ctx context.Context, tx *sql.Tx, tenant id.Tenant, args Args, opts []Option) error {
	m := metadata{}
	if !tenant.IsZero() {
		m.Tenant = tenant.UUID().String()
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the metadata of job %s: %w", args.Kind(), err)
	}
	o := &river.InsertOpts{Metadata: raw}
	for _, opt := range opts {
		opt(o)
	}
	// A client that only inserts is a handful of structs. Not keeping one keeps this package free of state.
	client, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare job %s: %w", args.Kind(), err)
	}
	if _, err := client.InsertTx(ctx, tx, args, o); err != nil {
		return fmt.Errorf("enqueue job %s: %w", args.Kind(), err)
	}
	return nil
}
