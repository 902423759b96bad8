package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// TenantTx is a transaction inside one tenant. GORM statements on tenant tables get tenant_id = Tenant by themselves; raw SQL names it.
type TenantTx struct {
	DB     *gorm.DB
	Now    time.Time // of the database, so that all instances agree on expiry
	Tenant id.Tenant
	state  *state
}

// SystemTx is a transaction that spans tenants.
type SystemTx struct {
	DB    *gorm.DB
	Now   time.Time
	state *state
}

// SQL is the same transaction for a library that speaks database/sql. Nothing narrows what it reads to the tenant but row-level security.
func (tx *TenantTx) SQL() *sql.Tx { return tx.state.conn }

// SQL is the same transaction for a library that speaks database/sql.
func (tx *SystemTx) SQL() *sql.Tx { return tx.state.conn }

// Tenant runs fn inside one tenant, as gatehouse_tenant.
func (d *DB) Tenant(ctx context.Context, tenant id.Tenant, fn func(*TenantTx) error) error {
	if tenant.IsZero() {
		return errors.New("tenant scope without a tenant")
	}
	return d.scope(ctx, "gatehouse_tenant", tenant, func(g *gorm.DB, now time.Time, s *state) error {
		return fn(&TenantTx{DB: g, Now: now, Tenant: tenant, state: s})
	})
}

// System runs fn across tenants, as gatehouse_system.
func (d *DB) System(ctx context.Context, fn func(*SystemTx) error) error {
	return d.scope(ctx, "gatehouse_system", id.Tenant{}, func(g *gorm.DB, now time.Time, s *state) error {
		return fn(&SystemTx{DB: g, Now: now, state: s})
	})
}

// Admit runs fn with both views of one transaction, as gatehouse_system: the global rows of people beside the rows of one tenant. It is
// for what brings a person into a tenant (sign-in, creating a tenant); here the filter on tenant_id is the only wall.
func (d *DB) Admit(ctx context.Context, tenant id.Tenant, fn func(*SystemTx, *TenantTx) error) error {
	if tenant.IsZero() {
		return errors.New("tenant scope without a tenant")
	}
	return d.scope(ctx, "gatehouse_system", tenant, func(g *gorm.DB, now time.Time, s *state) error {
		sys := &SystemTx{DB: s.plain, Now: now, state: s}
		return fn(sys, &TenantTx{DB: g, Now: now, Tenant: tenant, state: s})
	})
}

const enterSQL = `SELECT set_config('role', ?, true) IS NOT NULL AND set_config('app.tenant_id', ?, true) IS NOT NULL AS entered, clock_timestamp() AS now`

// enterPooledSQL also sets, for the transaction, the limits that a pooler would not take for the connection.
const enterPooledSQL = `SELECT set_config('role', ?, true) IS NOT NULL AND set_config('app.tenant_id', ?, true) IS NOT NULL
	AND set_config('statement_timeout', '10s', true) IS NOT NULL AND set_config('lock_timeout', '5s', true) IS NOT NULL
	AND set_config('idle_in_transaction_session_timeout', '15s', true) IS NOT NULL AS entered, clock_timestamp() AS now`

func (d *DB) scope(ctx context.Context, role string, tenant id.Tenant, fn func(*gorm.DB, time.Time, *state) error) (err error) {
	tx := d.gorm.WithContext(ctx).Begin()
	if tx.Error != nil {
		return unavailable(tx.Error)
	}
	done := false
	defer func() {
		if !done { // fn panicked or failed
			tx.Rollback()
		}
	}()
	var in struct{ Now time.Time }
	setting := ""
	if !tenant.IsZero() {
		setting = tenant.UUID().String()
	}
	if err := tx.Raw(d.enter, role, setting).Scan(&in).Error; err != nil {
		return unavailable(err)
	}
	conn, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("GORM has begun no transaction")
	}
	s := &state{plain: tx.Session(&gorm.Session{NewDB: true, Context: ctx}), conn: conn}
	g := s.plain
	if !tenant.IsZero() {
		g = tx.Session(&gorm.Session{NewDB: true, Context: ctx})
		g.Statement.ConnPool = tenantConn{conn, tenant}
	}
	failed := fn(g, d.clock(in.Now.UTC()), s)
	if failed != nil && !errors.As(failed, new(*kept)) {
		return mapped(failed)
	}
	if err := s.announce(tenant); err != nil {
		return mapped(err)
	}
	done = true
	if err := tx.Commit().Error; errors.Is(err, pgx.ErrTxCommitRollback) {
		return fmt.Errorf("a statement had failed and its error was dropped: %w", err)
	} else if err != nil {
		return unknownOutcome(err)
	}
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok && s.version > 0 {
		c.moved.Store(&Moved{tenant, s.version})
	}
	d.told(tenant, s)
	for _, f := range s.after {
		f()
	}
	return mapped(failed)
}

// unknownOutcome is for a COMMIT without an answer: nobody knows whether it arrived.
func unknownOutcome(err error) error {
	if _, answered := errors.AsType[*pgconn.PgError](err); answered {
		return mapped(err)
	}
	e := errs.New(errs.Unavailable, "outcome_unknown", "The database went away at the last moment. Look whether the change was made before you try again.")
	e.RetryAfter = time.Second
	return e.Because(err)
}

// unavailable tells an outage of the database from everything else.
func unavailable(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code[:2] != "57" && pg.Code[:2] != "53" && pg.Code[:2] != "08" && pg.Code != "25006" {
		return fmt.Errorf("database: %w", err)
	}
	e := errs.New(errs.Unavailable, "database_unavailable", "The database does not answer. Nothing was changed; try again.")
	e.RetryAfter = time.Second
	return e.Because(err)
}
