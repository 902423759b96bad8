package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	daysAhead = 7
	keepHours = 90        // days; the sums by day are kept for ever
	tendLimit = time.Hour // most of it to seal a day of many events
	pruneSome = 10_000
)

// Tend has the recorder look after the partitions soon: make those of the next days, have Postgres count the rows of today's, seal the
// days that are over, and let go of what is older than events are kept. It does not wait.
func (r *Recorder) Tend() {
	select {
	case r.tend <- struct{}{}:
	default:
	}
}

func (r *Recorder) keepPartitions(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.tend:
		}
		limited, cancel := context.WithTimeout(ctx, tendLimit)
		if err := r.lookAfter(limited); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "usage_partitions_not_kept", "error", err.Error())
		}
		cancel()
	}
}

// lookAfter does at once what Tend asks for.
func (r *Recorder) lookAfter(ctx context.Context) error {
	today := dayOf(r.now().UTC())
	if err := r.parts.ahead(ctx, today); err != nil {
		return err
	}
	err := r.alone(ctx, func(c *pgx.Conn) error {
		// Before one has statistics, what is behind the watermark is read slowly.
		if _, err := c.Exec(ctx, "ANALYZE "+pgx.Identifier{today.partition()}.Sanitize()); err != nil {
			return fmt.Errorf("analyze today's partition: %w", err)
		}
		if _, err := sealDays(ctx, c, today); err != nil {
			return err
		}
		// A day more than late events are taken for: some may be on their way.
		oldest := today - day(r.keep) - 1
		if err := retire(ctx, c, oldest); err != nil {
			return err
		}
		r.parts.forget()
		if err := forgetSubjects(ctx, c, oldest); err != nil {
			return err
		}
		return prune(ctx, c, oldest, today-keepHours)
	})
	if errors.Is(err, ErrSealing) {
		return nil // another instance is at it
	}
	return err
}

// ahead makes the partitions of today and the next days.
func (p *partitions) ahead(ctx context.Context, today day) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var days []day
	for d := today; d <= today+daysAhead; d++ {
		if !p.known[d] {
			days = append(days, d)
		}
	}
	return p.create(ctx, days)
}

// retire detaches and drops the partitions before oldest whose events are all in the sums.
func retire(ctx context.Context, c *pgx.Conn, oldest day) error {
	days, err := listPartitions(ctx, c)
	if err != nil {
		return err
	}
	for _, d := range days {
		if d >= oldest {
			return nil
		}
		if err := retireOne(ctx, c, d.partition()); err != nil {
			return fmt.Errorf("retire %s: %w", d.partition(), err)
		}
	}
	return nil
}

func retireOne(ctx context.Context, c *pgx.Conn, partition string) error {
	name := pgx.Identifier{partition}.Sanitize()
	var folded bool
	err := c.QueryRow(ctx, "SELECT NOT EXISTS (SELECT FROM "+name+" WHERE "+unfolded+")").Scan(&folded)
	if err != nil || !folded {
		return err // the next turn finds it folded
	}
	var attached, pending bool
	err = c.QueryRow(ctx, `SELECT count(*) > 0, COALESCE(bool_or(inhdetachpending), false) FROM pg_inherits
		WHERE inhparent = 'usage_events'::regclass AND inhrelid = to_regclass($1)`, partition).Scan(&attached, &pending)
	if err != nil {
		return err
	}
	if attached {
		how := " CONCURRENTLY" // nobody waits for it
		if pending {           // somebody died over it
			how = " FINALIZE"
		}
		if _, err := c.Exec(ctx, "ALTER TABLE usage_events DETACH PARTITION "+name+how); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, "DROP TABLE "+name)
	return err
}

// prune deletes the bound keys of days that are gone, and the sums by hour from before a day.
func prune(ctx context.Context, c *pgx.Conn, keys, hours day) error {
	for sql, limit := range map[string]time.Time{
		`DELETE FROM usage_keys WHERE (tenant_id, idem) IN (SELECT tenant_id, idem FROM usage_keys WHERE day < $1 LIMIT $2)`: keys.time(),
		`DELETE FROM usage_hours WHERE (tenant_id, meter, starts_at, cell) IN
			(SELECT tenant_id, meter, starts_at, cell FROM usage_hours WHERE starts_at < $1 LIMIT $2)`: hours.time(),
	} {
		for {
			done, err := c.Exec(ctx, sql, limit, pruneSome)
			if err != nil {
				return fmt.Errorf("prune usage: %w", err)
			}
			if done.RowsAffected() < pruneSome {
				break
			}
		}
	}
	return nil
}

func parseDay(text string) (time.Time, error) { return time.Parse("20060102", text) }
