package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
)

// span is the period of a row that there is, of a version of the tenant.
type span struct {
	starts, ends time.Time
	version      int64
	unleased     int64
}

// of reports whether the span is the period that a budget has by its terms.
func (s *span) of(b Budget, t *terms) bool { return s.starts.Equal(b.Starts) && s.ends.Equal(t.ends) }

const isFamily = `tenant_id = $1 AND meter = $2 AND measure = $3 AND kind = $4 AND subject = $5 AND period = $6`

const (
	// Who has waited for another that makes a billing period of the budget has to see the row that it has made, and not those that are gone.
	oneSQL     = `SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'billing', $1::uuid, $2::text, $3::text, $4::text, $5::uuid), 0))`
	overlapSQL = `SELECT starts_at, ends_at, version, unleased FROM quotas WHERE ` + isFamily + ` AND starts_at < $8 AND ends_at > $7 ORDER BY starts_at FOR UPDATE`
)

// look locks the rows that overlap a billing period, which make room for it. newer is the one that stays, since it is of a newer version of the
// tenant.
func (l *ledger) look(ctx context.Context, tx pgx.Tx, m *making) (newer *span, err error) {
	if m.Period != billing.Billing {
		return nil, nil
	}
	if _, err := tx.Exec(ctx, oneSQL, m.key()[:5]...); err != nil {
		return nil, fmt.Errorf("wait for the billing period of %s: %w", m.Meter, err)
	}
	rows, err := tx.Query(ctx, overlapSQL, m.key(m.ends)...)
	if err != nil {
		return nil, fmt.Errorf("lock the billing periods of %s: %w", m.Meter, err)
	}
	former, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (s span, err error) {
		err = r.Scan(&s.starts, &s.ends, &s.version, &s.unleased)
		s.starts, s.ends = s.starts.UTC(), s.ends.UTC()
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("lock the billing periods of %s: %w", m.Meter, err)
	}
	for i := range former {
		if s := &former[i]; s.of(m.Budget, m.terms) {
			return nil, nil // somebody has made it meanwhile
		} else if s.version > m.version {
			newer = s // the last is the one that runs
		}
	}
	m.former = former
	return newer, nil
}

// displace makes room for a billing period that begins with the tenant's billing since that begins at another time: what is lent of rows that
// overlap it is lent of it from then on, and they are gone or end where it begins. So of every moment there is one row, which has all that is
// used and lent then, and nobody lends of another.
func (l *ledger) displace(ctx context.Context, tx pgx.Tx, m *making) error {
	for i := range m.former {
		if err := l.moveLeases(ctx, tx, m.Budget, m.former[i].starts); err != nil {
			return err
		}
		if err := l.retire(ctx, tx, m.Budget, m.terms, &m.former[i]); err != nil {
			return err
		}
	}
	return nil
}

const (
	// Those of an id that has leases of both become one.
	mergeSQL = `WITH gone AS (
	DELETE FROM quota_leases l WHERE ` + isFamily + ` AND starts_at = $8 AND EXISTS (SELECT FROM quota_leases k WHERE k.starts_at = $7 AND k.id = l.id
		AND (k.tenant_id, k.meter, k.measure, k.kind, k.subject, k.period) = (l.tenant_id, l.meter, l.measure, l.kind, l.subject, l.period))
	RETURNING id, granted, expires_at, dead_txid
)
UPDATE quota_leases k SET granted = k.granted + g.granted, expires_at = GREATEST(k.expires_at, g.expires_at),
	dead_txid = CASE WHEN k.dead_txid IS NOT NULL AND g.dead_txid IS NOT NULL THEN GREATEST(k.dead_txid, g.dead_txid) END
FROM gone g WHERE ` + isBudget + ` AND k.id = g.id`
	moveSQL = `UPDATE quota_leases SET starts_at = $7 WHERE ` + isFamily + ` AND starts_at = $8`
)

// moveLeases has leases of the period that began at a moment be of the budget.
func (l *ledger) moveLeases(ctx context.Context, tx pgx.Tx, b Budget, from time.Time) error {
	if from.Equal(b.Starts) {
		return nil
	}
	for _, sql := range []string{mergeSQL, moveSQL} {
		if _, err := tx.Exec(ctx, sql, b.key(from)...); err != nil {
			return fmt.Errorf("move the leases of %s: %w", b.Meter, err)
		}
	}
	return nil
}

const (
	intoSQL = ` RETURNING thing)
INSERT INTO quota_subjects (tenant_id, meter, period, starts_at, thing) SELECT $1, $2, $3, $4, thing FROM gone
ON CONFLICT ON CONSTRAINT quota_subjects_pkey DO NOTHING`
	ofFormerSQL = `DELETE FROM quota_subjects s WHERE tenant_id = $1 AND meter = $2 AND period = $3 AND starts_at = $5`
	carrySQL    = `WITH gone AS (` + ofFormerSQL + intoSQL
	// When a thing was counted only its events tell: of one that none says was used before the new period begins nobody knows that it was.
	openSQL = `WITH gone AS (` + ofFormerSQL + ` AND NOT EXISTS (SELECT FROM usage_hours h
		WHERE h.tenant_id = $1 AND h.meter = $2 AND h.starts_at >= $5 AND h.starts_at < $4 AND h.subject = s.thing)` + intoSQL
	dropSQL = `DELETE FROM quotas WHERE ` + isBudget
	// Grants look back at what a former period has used.
	cutSQL = `UPDATE quotas SET ends_at = $8, version = $9, leased = 0, used = CASE $3 WHEN 'subjects' THEN (` + thingsSQL + `) ELSE ` + summedSQL + ` END WHERE ` + isBudget

	thingsSQL = `SELECT count(*) FROM quota_subjects WHERE tenant_id = $1 AND meter = $2 AND period = $6 AND starts_at = $7`
)

// retire ends the row of a locked period where that of the budget begins, or drops it where it began no earlier.
func (l *ledger) retire(ctx context.Context, tx pgx.Tx, b Budget, t *terms, s *span) error {
	old, carry := b, carrySQL
	old.Starts = s.starts
	stays := old.Starts.Before(b.Starts)
	if stays {
		carry = openSQL
	}
	if b.Measure == Subjects && !old.Starts.Equal(b.Starts) {
		if _, err := tx.Exec(ctx, carry, b.Tenant.UUID(), string(b.Meter), string(b.Period), b.Starts, s.starts); err != nil {
			return fmt.Errorf("carry over the subjects of %s: %w", b.Meter, err)
		}
	}
	if stays {
		s.unleased = 0 // which stays there, whenever it was
		if _, err := tx.Exec(ctx, cutSQL, old.key(b.Starts, t.version)...); err != nil {
			return fmt.Errorf("end the billing period of %s: %w", b.Meter, err)
		}
		return nil
	}
	if _, err := tx.Exec(ctx, dropSQL, old.key()...); err != nil {
		return fmt.Errorf("drop the billing period of %s: %w", b.Meter, err)
	}
	return nil
}

const inheritSQL = `UPDATE quotas SET leased = (SELECT COALESCE(sum(granted), 0) FROM quota_leases WHERE ` + isBudget + `)::bigint,
	used = CASE $3 WHEN 'subjects' THEN (` + thingsSQL + `) ELSE used END,
	unleased = $8 WHERE ` + isBudget

// inherit gives the row of a budget what was lent of those that it has replaced.
func (l *ledger) inherit(ctx context.Context, tx pgx.Tx, m *making) error {
	if len(m.former) == 0 {
		return nil
	}
	var unleased int64
	for i := range m.former {
		unleased = plus(unleased, m.former[i].unleased)
	}
	if _, err := tx.Exec(ctx, inheritSQL, m.key(unleased)...); err != nil {
		return fmt.Errorf("inherit what is lent of %s: %w", m.Meter, err)
	}
	return nil
}

// lockOf locks the budget of which a lease is now, and says which that is: it has moved if the tenant's billing begins at another time.
func (l *ledger) lockOf(ctx context.Context, tx pgx.Tx, b Budget, lease uuid.UUID) (_ Budget, r row, err error) {
	if b.Period != billing.Billing {
		r, err = l.lock(ctx, tx, b)
		return b, r, err
	}
	for range 5 {
		if b, _, err = l.whereabouts(ctx, tx, b, lease); err != nil {
			return b, row{}, err
		}
		if r, err = l.lock(ctx, tx, b); err != nil && !errors.Is(err, errNoRow) {
			return b, row{}, err
		}
		now, there, failed := l.whereabouts(ctx, tx, b, lease) // where the row was waited for it may have moved
		if failed != nil {
			return b, row{}, failed
		}
		if !there || err == nil && now == b {
			return b, r, err
		}
	}
	return b, row{}, errNoRow
}

// whereabouts is the budget of a lease, if there is such a lease.
func (l *ledger) whereabouts(ctx context.Context, tx pgx.Tx, b Budget, lease uuid.UUID) (Budget, bool, error) {
	var starts time.Time
	err := tx.QueryRow(ctx, `SELECT starts_at FROM quota_leases WHERE `+isFamily+` AND id = $7 ORDER BY starts_at = $8 DESC, starts_at DESC LIMIT 1`,
		append(b.key()[:6], lease, b.Starts)...).Scan(&starts)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("find a lease of %s: %w", b.Meter, err)
	}
	b.Starts = starts.UTC()
	return b, true, nil
}
