package usage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// BrokenSeal is a sealed day of a tenant that is not what its events give, and how.
type BrokenSeal struct {
	TenantID id.Tenant
	Day      time.Time
	What     string
}

// The ways in which a seal is broken.
const (
	brokenRoot  = "the events are not those that were sealed"
	brokenNone  = "there are events and no seal"
	brokenHead  = "the head does not follow from the day"
	brokenChain = "the day does not go on from the one before"
	brokenLines = "what the statement says is not what the events give"
)

// VerifySeals seals the closed days of a range again, from events that are kept and from segments of those that are not, and returns where
// something else was stored.
func VerifySeals(ctx context.Context, sys *db.SystemTx, a Audit) (broken []BrokenSeal, err error) {
	if err := sys.DB.WithContext(ctx).Exec("SELECT set_config('statement_timeout', ?, true)", auditLimit).Error; err != nil {
		return nil, fmt.Errorf("verify seals: %w", err)
	}
	if err := steady(ctx, sys.SQL()); err != nil {
		return nil, err
	}
	closings, err := closingsOf(ctx, sys.SQL(), a)
	if err != nil {
		return nil, err
	}
	heads := map[uuid.UUID][]byte{} // of the seal before
	for _, of := range closings {
		stored, err := storedSeals(ctx, sys.SQL(), of, a.Tenant)
		if err != nil {
			return nil, err
		}
		again, err := resealed(ctx, sys.SQL(), of, a.Tenant)
		if err != nil {
			return nil, err
		}
		broken = append(broken, compareSeals(of, stored, again, heads)...)
		if len(broken) >= mostDifferences {
			return broken[:mostDifferences], nil
		}
	}
	return broken, nil
}

// steady refuses while a partition is about to become segments: its events would be missing.
func steady(ctx context.Context, tx *sql.Tx) error {
	var ours, between bool
	err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock_shared($1, $2), EXISTS (SELECT FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^usage_events_[0-9]{8}$'
		AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid AND NOT inhdetachpending))`, lockSpace, retireLock).Scan(&ours, &between)
	if err != nil {
		return fmt.Errorf("look at the partitions: %w", err)
	}
	if !ours || between {
		return errs.New(errs.Unavailable, "usage_sealing", "A partition is about to be retired. Try again in some minutes.")
	}
	return nil
}

func closingsOf(ctx context.Context, tx *sql.Tx, a Audit) (list []closing, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT day, lo, hi FROM usage_closings WHERE day >= $1 AND day < $2 ORDER BY day", a.From, a.To)
	if err != nil {
		return nil, fmt.Errorf("list closed days: %w", err)
	}
	return readClosings(rows)
}

func readClosings(rows *sql.Rows) (list []closing, err error) {
	defer rows.Close()
	for rows.Next() {
		var c closing
		var d time.Time
		if err := rows.Scan(&d, &c.lo, &c.hi); err != nil {
			return nil, fmt.Errorf("list closed days: %w", err)
		}
		c.day = dayOf(d)
		list = append(list, c)
	}
	return list, rows.Err()
}

type storedSeal struct {
	StatementDay
	lines    sealSums
	previous []byte
	head     []byte
}

// storedSeals are those of a day, with their lines.
func storedSeals(ctx context.Context, tx *sql.Tx, of closing, tenant id.Tenant) (map[uuid.UUID]*storedSeal, error) {
	all := map[uuid.UUID]*storedSeal{}
	rows, err := tx.QueryContext(ctx, `SELECT tenant_id, events, root, previous, head FROM usage_seals
		WHERE day = $1 AND ($2::uuid IS NULL OR tenant_id = $2)`, of.day.time(), tenant)
	if err != nil {
		return nil, fmt.Errorf("read seals: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t pgtype.UUID
		var root []byte
		s := &storedSeal{lines: sealSums{}}
		if err := rows.Scan(&t, &s.Events, &root, &s.previous, &s.head); err != nil {
			return nil, fmt.Errorf("read seals: %w", err)
		}
		s.Day, s.Root, s.Previous = of.day.String(), hex.EncodeToString(root), hex.EncodeToString(s.previous)
		all[t.Bytes] = s
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read seals: %w", err)
	}
	return all, storedLines(ctx, tx, of, tenant, all)
}

func storedLines(ctx context.Context, tx *sql.Tx, of closing, tenant id.Tenant, all map[uuid.UUID]*storedSeal) error {
	rows, err := tx.QueryContext(ctx, `SELECT tenant_id, month, meter, currency, events, largest, quantity::text, input_tokens::text,
		output_tokens::text, cached_tokens::text, cost::text FROM usage_seal_lines WHERE day = $1 AND ($2::uuid IS NULL OR tenant_id = $2)`,
		of.day.time(), tenant)
	if err != nil {
		return fmt.Errorf("read the lines of seals: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t pgtype.UUID
		var k lineKey
		l := &sealLine{}
		var numbers [numberCount]string
		dest := []any{&t, &k.month, &k.meter, &k.currency, &l.events, &l.largest}
		for i := range numbers {
			dest = append(dest, &numbers[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return fmt.Errorf("read the lines of seals: %w", err)
		}
		for i, text := range numbers {
			l.numbers[i].SetString(text, 10)
		}
		k.month = monthOf(k.month)
		if s := all[t.Bytes]; s != nil {
			s.lines[k] = l
		}
	}
	return rows.Err()
}

func compareSeals(of closing, stored map[uuid.UUID]*storedSeal, again map[uuid.UUID]*sealed, heads map[uuid.UUID][]byte) (broken []BrokenSeal) {
	say := func(t uuid.UUID, what string) {
		broken = append(broken, BrokenSeal{id.From[id.Tenant](t), of.day.time(), what})
	}
	for t, s := range stored {
		root, lines := hash{}, sealSums{}
		if found := again[t]; found != nil {
			root, lines = found.tree.root(), found.sums
			if int64(found.tree.size) != s.Events {
				root = hash{}
			}
		}
		if hex.EncodeToString(root[:]) != s.Root {
			say(t, brokenRoot)
		} else if !lines.same(s.lines) {
			say(t, brokenLines)
		}
		if head, err := s.hash(id.From[id.Tenant](t)); err != nil || !bytes.Equal(head[:], s.head) {
			say(t, brokenHead)
		}
		if before, ok := heads[t]; ok && !bytes.Equal(before, s.previous) {
			say(t, brokenChain)
		}
		heads[t] = s.head
	}
	for t := range again {
		if stored[t] == nil {
			say(t, brokenNone)
		}
	}
	slices.SortFunc(broken, func(a, b BrokenSeal) int { return bytes.Compare(uuidBytes(a.TenantID), uuidBytes(b.TenantID)) })
	return broken
}

func uuidBytes(t id.Tenant) []byte {
	b := t.Bytes()
	return b[:]
}

// same compares all but the number of subjects, which depends on the days before.
func (s sealSums) same(other sealSums) bool {
	if len(s) != len(other) {
		return false
	}
	for k, l := range s {
		o := other[k]
		if o == nil || l.events != o.events || l.largest != o.largest {
			return false
		}
		for i := range l.numbers {
			if l.numbers[i].Cmp(&o.numbers[i]) != 0 {
				return false
			}
		}
	}
	return true
}

// Closed says whether a day is sealed, for all tenants.
func Closed(ctx context.Context, sys *db.SystemTx, of time.Time) (closed bool, err error) {
	err = sys.SQL().QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM usage_closings WHERE day = $1)", dayOf(of).time()).Scan(&closed)
	if err != nil {
		return false, fmt.Errorf("look for a closed day: %w", err)
	}
	return closed, nil
}
