package quota

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// crossing is a budget of which events have to be recorded.
type crossing struct {
	Budget
	amount, used  int64
	reached, told int
}

const crossedSQL = `SELECT tenant_id, meter, measure, kind, subject, period, starts_at, amount, used, reached, told FROM quotas
	WHERE reached > told AND tenant_id > $1 ORDER BY tenant_id LIMIT $2`

// crossings is how many are looked at at once.
const crossings = 100

// notify records the thresholds that budgets have come to. Any number of instances may do it: each threshold of a budget has one row. It goes
// from tenant to tenant, so that one of which nothing can be recorded keeps no other waiting.
func (e *Engine) notify(ctx context.Context) error {
	var list []crossing
	err := e.ledger.pool.Conn(ctx, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, crossedSQL, e.told, crossings)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (x crossing, err error) {
			var tenant uuid.UUID
			var what counted
			err = r.Scan(&tenant, &x.Meter, &what, &x.Kind, &x.Subject, &x.Period, &x.Starts, &x.amount, &x.used, &x.reached, &x.told)
			x.Tenant = id.From[id.Tenant](tenant)
			x.Measure, x.Currency = what.parts()
			return x, err
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("look for thresholds: %w", err)
	}
	if e.told = uuid.Nil; len(list) == crossings {
		e.told = list[crossings-1].Tenant.UUID()
	}
	for _, x := range list {
		if failed := e.announce(ctx, x); failed != nil {
			err = errors.Join(err, fmt.Errorf("record a threshold of %s: %w", x.Meter, failed))
			if errs.As(failed).Kind == errs.Unavailable {
				break
			}
		}
	}
	return err
}

func (e *Engine) announce(ctx context.Context, x crossing) error {
	err := e.db.Tenant(ctx, x.Tenant, func(tx *db.TenantTx) error {
		for _, percent := range []int{50, 80, 100} {
			if percent > x.reached || percent <= x.told {
				continue
			}
			first := tx.DB.WithContext(ctx).Exec(`INSERT INTO quota_notices (meter, measure, kind, subject, period, starts_at, percent)
				VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT ON CONSTRAINT quota_notices_pkey DO NOTHING`,
				x.Meter, x.counted(), x.Kind, x.Subject, x.Period, x.Starts, percent)
			if first.Error != nil {
				return first.Error
			}
			if first.RowsAffected == 0 {
				continue
			}
			data := events.Data{
				"meter": x.Meter, "measure": x.Measure, "kind": x.Kind, "period": x.Period, "starts_at": x.Starts.UTC(),
				"percent": percent, "limit": billing.Number{Value: x.amount}, "used": x.used,
			}
			if x.Currency != "" {
				data["currency"] = x.Currency
			}
			if x.Kind != OfTenant {
				data["subject"] = x.Subject
			}
			if err := events.Record(ctx, tx, events.QuotaReached, tx.Tenant, data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.ledger.pool.Conn(ctx, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "UPDATE quotas SET told = GREATEST(told, $8) WHERE "+isBudget, x.key(x.reached)...)
		return err
	})
}
