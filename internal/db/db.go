package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Config says how to reach the database.
type Config struct {
	URL string // of the login role gatehouse_app
	// DirectURL is the same without a transaction pooler between, for what keeps a connection (listener, jobs); "" means URL.
	DirectURL string
	MaxConns  int32 // of the pool that serves requests; 0 means 10
	// Clock moves the time that scopes see; nil leaves it. Only tests set it.
	Clock func(time.Time) time.Time
	Log   *slog.Logger // nil means slog.Default
}

// DB is the pool that serves requests. Make it with [Open].
type DB struct {
	pool  *pgxpool.Pool
	gorm  *gorm.DB
	clock func(time.Time) time.Time
	log   *slog.Logger
	keep  *pgx.ConnConfig
	enter string // the statement that opens a scope

	watcher atomic.Pointer[func(string)]
}

// Open connects and refuses a login role that row-level security could not hold.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("the database URL cannot be parsed") // pgx's text may hold the password
	}
	pc.MaxConns = 10
	if cfg.MaxConns > 0 {
		pc.MaxConns = cfg.MaxConns
	}
	pooled := cfg.DirectURL != ""
	if pooled {
		behindPooler(pc.ConnConfig)
	} else {
		limits(pc.ConnConfig.RuntimeParams)
	}
	pc.ConnConfig.Tracer = tracer{}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := checkLogin(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &gorm.Config{
		SkipDefaultTransaction: true, // a scope is the transaction
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard, // GORM would print values
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open GORM: %w", err)
	}
	if err := confine(g); err != nil {
		pool.Close()
		return nil, err
	}
	d := &DB{pool: pool, gorm: g, clock: cfg.Clock, log: cfg.Log, keep: pc.ConnConfig, enter: enterSQL}
	if pooled {
		d.enter = enterPooledSQL
		if d.keep, err = pgx.ParseConfig(cfg.DirectURL); err != nil {
			pool.Close()
			return nil, errors.New("the direct database URL cannot be parsed")
		}
		limits(d.keep.RuntimeParams)
	}
	if d.clock == nil {
		d.clock = func(t time.Time) time.Time { return t }
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	return d, nil
}

// Close waits for the connections in use and closes the pool.
func (d *DB) Close() { d.pool.Close() }

// Stat returns the pool's counters, for metrics.
func (d *DB) Stat() *pgxpool.Stat { return d.pool.Stat() }

// Config returns a copy of the configuration for connections that are kept: the listener's and those of the jobs.
func (d *DB) Config() *pgx.ConnConfig { return d.keep.Copy() }

// Ping asks the database whether it answers.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// behindPooler suits what stands before the database and hands its connections around between transactions. It takes no settings
// but the usual ones when a connection is opened, so a scope brings the limits along; and it knows of no statement that was
// prepared on another connection.
func behindPooler(c *pgx.ConnConfig) {
	for k, v := range map[string]string{"application_name": "gatehouse", "TimeZone": "UTC"} {
		if _, set := c.RuntimeParams[k]; !set {
			c.RuntimeParams[k] = v
		}
	}
	if c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement { // the driver's default
		c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
}

// limits keeps a forgotten statement, lock or transaction from holding a connection for ever.
func limits(p map[string]string) {
	for k, v := range map[string]string{
		"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s",
		"application_name": "gatehouse", "TimeZone": "UTC",
	} {
		if _, set := p[k]; !set {
			p[k] = v
		}
	}
}
