package usage_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// A sink is told of each event once, in the transaction of the fold: when it fails, nothing is folded, and it is told again.
func TestASinkIsToldOfEachEventOnce(t *testing.T) {
	t.Parallel()
	broken := errors.New("not now")
	fail, told := true, []int64{}
	r := build(t, nil, func(ctx context.Context, tx pgx.Tx, lo, hi int64) error {
		rows, err := tx.Query(ctx, "SELECT quantity FROM usage_events WHERE txid >= $1 AND txid < $2", lo, hi)
		if err != nil {
			return err
		}
		quantities, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err == nil && fail && len(quantities) > 0 {
			return broken
		}
		told = append(told, quantities...)
		return err
	})
	a := id.New[id.Tenant]()
	r.record(t, []usage.Event{tokens(a, time.Now(), 1), tokens(a, time.Now(), 2)}, "accepted", "accepted")
	until(t, "the sink is asked", func() bool {
		_, err := r.folder.Fold(t.Context())
		if err != nil && !errors.Is(err, broken) {
			t.Fatalf("Fold() = %v, want the sink's error", err)
		}
		return err != nil
	})
	if n := r.number(t, "SELECT count(*) FROM usage_hours"); n != 0 || len(told) != 0 {
		t.Errorf("%d sums, told of %v after a fold that failed, want nothing", n, told)
	}
	fail = false
	r.fold(t)
	r.record(t, []usage.Event{tokens(a, time.Now(), 4)}, "accepted")
	r.fold(t)
	r.fold(t)
	slices.Sort(told)
	if !slices.Equal(told, []int64{1, 2, 4}) {
		t.Errorf("the sink was told of %v, want each once", told)
	}
}

func TestFoldersOfSeveralInstancesCountOnce(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a := id.New[id.Tenant]()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 3)
	for range 3 {
		go func() { done <- r.folder.Run(ctx) }()
	}
	for range 20 {
		r.record(t, []usage.Event{tokens(a, time.Now(), 1)}, "accepted")
		time.Sleep(50 * time.Millisecond)
	}
	until(t, "all is in the sums", func() bool {
		return r.number(t, "SELECT COALESCE(sum(events), 0)::bigint FROM usage_days") == 20
	})
	cancel()
	for range 3 {
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	}
	if n := r.number(t, "SELECT sum(events)::bigint FROM usage_hours"); n != 20 {
		t.Errorf("the sums say %d, want 20", n)
	}
}
