package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Config says what a Runner does.
type Config struct {
	// Conn is of the login role gatehouse_app, as db.DB.Config returns it, or of the direct URL where a transaction pooler stands
	// between: the runner listens and keeps a role.
	Conn     *pgx.ConnConfig
	Workers  *Workers
	Periodic []Periodic
	Parallel int           // jobs at once; 0 means 4
	Grace    time.Duration // for the jobs under way when Run is to stop; 0 means 10 seconds
	Log      *slog.Logger
	Observe  func(Result) // called after each attempt; may be nil
}

// Runner does jobs. Make it with [New].
type Runner struct {
	pool   *pgxpool.Config
	client river.Config
}

// poolSize is enough for fetching, completing and leading: jobs themselves use the pool of db.DB.
const poolSize = 4

// New checks the configuration. It does not connect.
func New(cfg Config) (*Runner, error) {
	if cfg.Conn == nil || cfg.Workers == nil || cfg.Log == nil {
		return nil, errors.New("the jobs runner needs a connection, workers and a log")
	}
	periodic, worker, err := schedule(cfg.Periodic)
	if err := errors.Join(append(cfg.Workers.wrong, err)...); err != nil {
		return nil, err
	}
	if err := river.AddWorkerSafely(cfg.Workers.river, river.Worker[periodicArgs](worker)); err != nil {
		return nil, fmt.Errorf("one list of workers is for one runner: %w", err)
	}
	pool, err := poolOf(cfg.Conn)
	if err != nil {
		return nil, err
	}
	parallel, grace := cfg.Parallel, cfg.Grace
	if parallel <= 0 {
		parallel = 4
	}
	if grace <= 0 {
		grace = 10 * time.Second
	}
	return &Runner{pool: pool, client: river.Config{
		Workers:      cfg.Workers.river,
		PeriodicJobs: periodic,
		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: parallel}},
		Logger:       slog.New(quiet{cfg.Log.Handler()}),
		Middleware:   []rivertype.Middleware{account(cfg.Log, cfg.Observe)},

		SoftStopTimeout:      grace,
		RescueStuckJobsAfter: 15 * time.Minute, // an instance was killed; longer than any job may take
		ReindexerIndexNames:  []string{},       // only the owner of the tables may reindex
	}}, nil
}

// poolOf makes every connection act as gatehouse_jobs, which has rights on River's tables alone.
func poolOf(conn *pgx.ConnConfig) (*pgxpool.Config, error) {
	pool, err := pgxpool.ParseConfig(conn.ConnString())
	if err != nil {
		return nil, errors.New("the database URL cannot be parsed") // pgx's text may hold the password
	}
	pool.ConnConfig = conn.Copy()
	pool.ConnConfig.Tracer = nil
	pool.ConnConfig.RuntimeParams["application_name"] = "gatehouse jobs"
	pool.ConnConfig.RuntimeParams["statement_timeout"] = "30s" // cleaning may take longer than a request
	pool.MaxConns, pool.MinConns = poolSize, 0
	pool.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET ROLE gatehouse_jobs")
		return err
	}
	return pool, nil
}

// Run works until ctx ends. Then it takes no further job, waits for those under way, cancels them after the grace period, and returns
// nil. What was canceled is done again by another runner.
func (r *Runner) Run(ctx context.Context) error {
	// The pool outlives ctx: the jobs under way still have to be marked as done.
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), r.pool.Copy())
	if err != nil {
		return fmt.Errorf("open the jobs pool: %w", err)
	}
	defer pool.Close()
	config := r.client
	client, err := river.NewClient(riverpgxv5.New(pool), &config)
	if err != nil {
		return fmt.Errorf("prepare the jobs runner: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped while starting
		}
		return fmt.Errorf("start the jobs runner: %w", err)
	}
	<-client.Stopped()
	if ctx.Err() == nil {
		return errors.New("the jobs runner stopped by itself")
	}
	return nil
}
