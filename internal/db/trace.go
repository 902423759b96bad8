package db

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

type counterKey struct{}

// Counter counts the SQL statements of the contexts that carry it. Transaction control (BEGIN, COMMIT, ROLLBACK) is counted apart.
type Counter struct {
	statements, control atomic.Int64
	moved               atomic.Pointer[Moved]
}

// Moved is a version of a tenant that a change has made.
type Moved struct {
	Tenant  id.Tenant
	Version int64
}

// Statements is the number of statements without transaction control; the one that enters a scope is among them.
func (c *Counter) Statements() int64 { return c.statements.Load() }

// Control is the number of BEGIN, COMMIT and ROLLBACK.
func (c *Counter) Control() int64 { return c.control.Load() }

// Moved is what the newest scope has made that committed a change; nil if none did.
func (c *Counter) Moved() *Moved { return c.moved.Load() }

// Counted is a context whose statements are counted. It is for being part of something that is allocated anyway.
type Counted struct {
	context.Context //nolint:containedctx // it is one

	Counter Counter
}

// Value implements context.Context.
func (c *Counted) Value(key any) any {
	if _, ours := key.(counterKey); ours {
		return &c.Counter
	}
	return c.Context.Value(key)
}

// Count returns a context whose statements are counted.
func Count(ctx context.Context) (context.Context, *Counter) {
	c := &Counted{Context: ctx}
	return c, &c.Counter
}

type tracer struct{}

func (tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		switch strings.ToLower(strings.TrimRight(strings.SplitN(strings.TrimSpace(q.SQL), " ", 2)[0], ";")) {
		case "begin", "commit", "rollback":
			c.control.Add(1)
		default:
			c.statements.Add(1)
		}
	}
	return ctx
}

func (tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
