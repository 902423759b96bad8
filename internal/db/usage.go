package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Usage is the pool whose connections act as gatehouse_usage, which owns the usage tables: row-level security does not bind it, so what
// goes through it must take its tenants from principals. The recorder of usage and what works beside it hold it, and nobody else, which a
// test proves.
type Usage struct{ pool *pgxpool.Pool }

// OpenUsage connects to nothing yet. Each new connection, once it has its role, is shown to ready (which may be nil), whose error gives
// it up. Without a transaction pooler between it goes the way that requests go, else the direct one.
func (d *DB) OpenUsage(ctx context.Context, conns int32, ready func(context.Context, *pgx.Conn) error) (*Usage, error) {
	pc, err := pgxpool.ParseConfig(d.keep.ConnString())
	if err != nil {
		return nil, errors.New("the database URL cannot be parsed") // pgx's text may hold the password
	}
	pc.ConnConfig = d.keep.Copy()
	pc.ConnConfig.Tracer = nil
	pc.ConnConfig.RuntimeParams["application_name"] = usageName
	pc.ConnConfig.RuntimeParams["statement_timeout"] = "30s" // a fold after an outage has much to add
	if p := pc.ConnConfig.RuntimeParams; p["synchronous_commit"] == "" {
		p["synchronous_commit"] = "on" // what is acknowledged is durable, whatever the server's default
	}
	pc.MaxConns, pc.MinConns = conns, 0
	pc.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "SET ROLE gatehouse_usage"); err != nil || ready == nil {
			return err
		}
		return ready(ctx, c)
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the usage pool: %w", err)
	}
	return &Usage{pool}, nil
}

// Conn lends a connection, for what is no transaction: a COPY, a partition. fn's error comes back as the errors of this program.
func (u *Usage) Conn(ctx context.Context, fn func(*pgx.Conn) error) error {
	c, err := u.pool.Acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return unavailable(err)
	}
	defer c.Release()
	return mapped(fn(c.Conn()))
}

// Tx runs fn in a transaction.
func (u *Usage) Tx(ctx context.Context, fn func(pgx.Tx) error) error {
	return u.Conn(ctx, func(c *pgx.Conn) error { return pgx.BeginFunc(ctx, c, fn) })
}

const usageName = "gatehouse usage"

const endStalledSQL = `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname = current_database() AND usename = session_user AND application_name = $1 AND state = 'active' AND wait_event = 'ClientRead'
	AND query_start < clock_timestamp() - $2::interval`

// EndStalled ends the transactions of all instances that have been waiting for the rest of a COPY for longer than limit, and says how many
// they were: the client has been stopped, or its machine is gone. Postgres heeds no timeout of its own there. It needs the rights of the role
// that logged in, whose sessions they are.
func (u *Usage) EndStalled(ctx context.Context, limit time.Duration) (n int64, err error) {
	err = u.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE NONE"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, endStalledSQL, usageName, limit).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("end transactions that stand still: %w", err)
	}
	return n, nil
}

// Stat returns the pool's counters, for metrics.
func (u *Usage) Stat() *pgxpool.Stat { return u.pool.Stat() }

// Close waits for the connections in use and closes the pool.
func (u *Usage) Close() { u.pool.Close() }
