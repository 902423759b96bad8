package usage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// The advisory locks of usage.
const (
	lockSpace      = 7168013
	partitionsLock = 1
	foldLock       = 2
	retireLock     = 3
)

// partitions knows for which days there are some.
type partitions struct {
	pool *db.Usage

	mu    sync.Mutex
	known map[day]bool
}

const nameOf = "usage_events_20060102"

func (d day) partition() string { return d.time().Format(nameOf) }

// ensure makes the partitions that rows need and that are not there: those for late events, and all where nobody made any ahead.
func (p *partitions) ensure(ctx context.Context, rows []*row) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var missing []day
	for _, r := range rows {
		if !p.known[r.day] && !slices.Contains(missing, r.day) {
			missing = append(missing, r.day)
		}
	}
	return p.create(ctx, missing)
}

// forget has ensure look again.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.known)
}

// create is called with the lock held.
func (p *partitions) create(ctx context.Context, days []day) error {
	for _, d := range days {
		if err := p.pool.Tx(ctx, func(tx pgx.Tx) error { return createPartition(ctx, tx, d) }); err != nil {
			return fmt.Errorf("make the partition of %s: %w", d.time().Format("2006-01-02"), err)
		}
		p.known[d] = true
	}
	return nil
}

const attachedSQL = `SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'usage_events'::regclass AND NOT inhdetachpending
	AND inhrelid = to_regclass($1))`

// createPartition makes a table and attaches it, which, unlike CREATE TABLE … PARTITION OF, lets others read and write meanwhile.
func createPartition(ctx context.Context, tx pgx.Tx, d day) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", lockSpace, partitionsLock); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, attachedSQL, d.partition()).Scan(&there); err != nil || there {
		return err
	}
	name := pgx.Identifier{d.partition()}.Sanitize()
	const date = "'2006-01-02'"
	for _, sql := range []string{
		"CREATE TABLE " + name + " (LIKE usage_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
		"ALTER TABLE " + name + " ENABLE ROW LEVEL SECURITY",
		"ALTER TABLE usage_events ATTACH PARTITION " + name + " FOR VALUES FROM (" + d.time().Format(date) + ") TO (" + (d + 1).time().Format(date) + ")",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

const partitionsSQL = `SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
	AND c.relname ~ '^usage_events_[0-9]{8}$' AND pg_get_userbyid(c.relowner) = current_user ORDER BY 1`

// list returns the days that have a partition, or one on its way out, oldest first.
func listPartitions(ctx context.Context, c *pgx.Conn) ([]day, error) {
	rows, err := c.Query(ctx, partitionsSQL)
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	var days []day
	for _, n := range names {
		if d, ok := dayNamed(n); ok {
			days = append(days, d)
		}
	}
	return days, nil
}

func dayNamed(partition string) (day, bool) {
	t, err := parseDay(strings.TrimPrefix(partition, "usage_events_"))
	return dayOf(t), err == nil
}
