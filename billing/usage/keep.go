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
		if err := retire(ctx, c, r.pool, oldest); err != nil {
			return err
		}
		r.parts.forget()
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

func parseDay(text string) (time.Time, error) { return time.Parse("20060102", text) }
