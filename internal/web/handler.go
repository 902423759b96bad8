package web

import (
	"context"
	"reflect"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// None is the input of a function that takes none and the output of one that returns none.
type None struct{}

// Handler is what an adapter makes of a function: what a [Route] answers with.
type Handler struct {
	scope   string // of the transaction, for the table
	scoped  bool   // works in the caller's tenant
	in, out reflect.Type
	bind    func(*Server, Route) (endpoint, error)
}

// endpoint answers one request.
type endpoint func(*exchange) error

// Tenant makes a handler of a function that works inside the caller's tenant, in one transaction. The transaction commits
// when fn returns nil or an error wrapped by [db.Keep].
func Tenant[In, Out any](fn func(context.Context, *db.TenantTx, In) (Out, error)) Handler {
	return scoped("tenant", inTenant, nothing[In],
		func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx, in In, _ None) (Out, error) {
			return fn(ctx, tx, in)
		})
}

// Admit is [Tenant] for a function that also works on the global rows of people.
func Admit[In, Out any](fn func(context.Context, *db.SystemTx, *db.TenantTx, In) (Out, error)) Handler {
	return scoped("admit", inBoth, nothing[In],
		func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, in In, _ None) (Out, error) {
			return fn(ctx, sys, tx, in)
		})
}

// Prepared is [Tenant] with a step before the transaction for what waits for the network. What prepare learned may be out
// of date when apply runs: apply checks what matters again.
func Prepared[In, P, Out any](
	prepare func(context.Context, In) (P, error),
	apply func(context.Context, *db.TenantTx, In, P) (Out, error),
) Handler {
	return scoped("prepared", inTenant, prepare,
		func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx, in In, p P) (Out, error) {
			return apply(ctx, tx, in, p)
		})
}

// PreparedAdmit is [Admit] with a step before the transaction, as in [Prepared].
func PreparedAdmit[In, P, Out any](
	prepare func(context.Context, In) (P, error),
	apply func(context.Context, *db.SystemTx, *db.TenantTx, In, P) (Out, error),
) Handler {
	return scoped("prepared admit", inBoth, prepare, apply)
}

// Snapshot makes a handler of a function that opens no transaction: it answers from memory, or opens what scopes it needs.
func Snapshot[In, Out any](fn func(context.Context, In) (Out, error)) Handler {
	return Handler{
		scope: "snapshot", in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		bind: func(s *Server, r Route) (endpoint, error) {
			d, err := newDecoder(r)
			if err != nil {
				return nil, err
			}
			status := r.success()
			return func(ex *exchange) error {
				turn := &struct {
					in  In
					out Out
				}{} // both at once: each would be on the heap for the sake of its interfaces
				if err := d.decode(ex, &turn.in); err != nil {
					return err
				}
				var err error
				if turn.out, err = fn(ex.ctx, turn.in); err != nil {
					return err
				}
				if p, ok := any(&turn.out).(PlainOutput); ok {
					if done := s.scratch.reply(ex, status, p); done {
						return nil
					}
				}
				body, err := encode(turn.out)
				if err != nil {
					return err
				}
				ex.reply(status, body)
				return nil
			}, nil
		},
	}
}

// Raw makes a handler of an Echo handler. The principal and the origin are in the request's context; an error is answered
// like every other.
func Raw(fn func(echo.Context) error) Handler {
	return Handler{scope: "raw", bind: func(*Server, Route) (endpoint, error) {
		return func(ex *exchange) error {
			ex.SetRequest(ex.Request().WithContext(ex.ctx))
			ex.Response().Before(ex.tellMoved)
			if err := fn(ex); err != nil {
				return err
			}
			return nil
		}, nil
	}}
}

// scope opens a transaction for a tenant. The first argument of its function is nil where only the tenant may be seen.
type scope func(context.Context, *db.DB, id.Tenant, func(*db.SystemTx, *db.TenantTx) error) error

func inTenant(ctx context.Context, d *db.DB, tenant id.Tenant, fn func(*db.SystemTx, *db.TenantTx) error) error {
	return d.Tenant(ctx, tenant, func(tx *db.TenantTx) error { return fn(nil, tx) })
}

func inBoth(ctx context.Context, d *db.DB, tenant id.Tenant, fn func(*db.SystemTx, *db.TenantTx) error) error {
	return d.Admit(ctx, tenant, fn)
}

func nothing[In any](context.Context, In) (None, error) { return None{}, nil }

// scoped is what the four adapters with a transaction have in common.
func scoped[In, P, Out any](
	name string, open scope,
	prepare func(context.Context, In) (P, error),
	apply func(context.Context, *db.SystemTx, *db.TenantTx, In, P) (Out, error),
) Handler {
	bind := func(s *Server, r Route) (endpoint, error) {
		d, err := newDecoder(r)
		if err != nil {
			return nil, err
		}
		status, prepares := r.success(), reflect.TypeFor[P]() != reflect.TypeFor[None]()
		return func(ex *exchange) error {
			var in In
			if err := d.decode(ex, &in); err != nil {
				return err
			}
			once, err := s.onceFor(ex, r)
			if err != nil {
				return err
			}
			if prepares {
				if done, err := once.replay(ex); done || err != nil {
					return err
				}
			}
			prepared, err := prepare(ex.ctx, in)
			if err != nil {
				return err
			}
			answer := written{mediaType: jsonType}
			err = open(ex.ctx, s.db, ex.principal.Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
				stored, err := once.claim(tx)
				if err != nil {
					return err
				}
				if stored != nil {
					answer.body = stored.told(ex)
					return nil
				}
				out, err := apply(ex.ctx, sys, tx, in, prepared)
				if err != nil {
					once.release(tx)
					return err
				}
				if answer, err = ex.encode(out); err != nil {
					return err
				}
				return once.keep(tx, status, answer.body)
			})
			if err != nil {
				return once.explain(err)
			}
			ex.replyAs(status, answer)
			return nil
		}, nil
	}
	return Handler{scope: name, scoped: true, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), bind: bind}
}
