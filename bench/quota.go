package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// What leases must be worth, against one conditional update of a row a call, by as many callers on as many connections.
const (
	minDecisions = 1_000 // times the updates
	minPerTrip   = 3_000 // calls for each time that the database is asked
	quotaLimit   = 1_000_000
	instances    = 8
	perInstance  = 4 // callers at once
)

const quotaRow = `CREATE TABLE bench_quota (id int PRIMARY KEY, used bigint NOT NULL, amount bigint NOT NULL);
INSERT INTO bench_quota VALUES (1, 0, 1000000000000); GRANT SELECT, UPDATE ON bench_quota TO gatehouse_app`

// quota measures how fast a flat limit is used up by eight instances, and that it is used up exactly.
func (w *world) quota(ctx context.Context, l load) ([]Row, error) {
	admin, err := pgx.Connect(ctx, w.pg.URL(devpg.Superuser, "bench"))
	if err != nil {
		return nil, fmt.Errorf("connect the baseline: %w", err)
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	if _, err := admin.Exec(ctx, quotaRow); err != nil {
		return nil, fmt.Errorf("make the row of the baseline: %w", err)
	}
	// What the rows before have recorded is written now, and not beside one of the two sides.
	if _, err := admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return nil, fmt.Errorf("write out what was recorded: %w", err)
	}
	var rates, updates, ratios, perTrip []float64
	for i := range l.rounds {
		rate, trips, err := w.lease(ctx, i)
		if err != nil {
			return nil, err
		}
		base, err := w.update(ctx, l.each)
		if err != nil {
			return nil, err
		}
		rates, updates, ratios, perTrip = append(rates, rate), append(updates, base), append(ratios, rate/base), append(perTrip, quotaLimit/float64(trips))
	}
	ratio, calls := median(ratios), median(perTrip)
	measured := fmt.Sprintf("%d rounds, in turns; %d instances of %d callers, a limit of %d used up exactly; fsync on", l.rounds, instances, perInstance, quotaLimit)
	return []Row{
		{
			Name: "quota decisions, to one row update a call", Value: median(rates), Unit: "decisions/s", Ratio: ratio, Met: ratio >= minDecisions,
			Target: fmt.Sprintf("≥ %d × (%.0f/s)", minDecisions, median(updates)), Measured: measured,
		},
		{
			Name: "quota decisions for each trip to the database", Value: calls, Unit: "calls", Met: calls >= minPerTrip,
			Target: fmt.Sprintf("≥ %d", minPerTrip), Measured: measured,
		},
	}, nil
}

// lease uses up a limit, and returns the decisions a second and how often the database was asked.
func (w *world) lease(ctx context.Context, round int) (rate float64, trips int64, err error) {
	d, err := db.Open(ctx, db.Config{URL: w.database, MaxConns: 2})
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	call := quota.Call{
		Tenant: id.New[id.Tenant](), Meter: "ai.tokens", Quantity: 1,
		Terms: &quota.Terms{Meter: billing.PlainMeter(), Number: billing.Number{Value: quotaLimit}, Version: 1},
	}
	err = d.Admit(ctx, call.Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, _, err := tenants.Create(ctx, sys, tx, tenants.New{Slug: fmt.Sprintf("quota-%d", round), Name: "Quota", Plan: billing.Free, Owner: "owner@bench.example"})
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	var pools []*db.Usage
	defer func() {
		stop()
		if waited := group.Wait(); err == nil {
			err = waited
		}
		for _, pool := range pools {
			pool.Close()
		}
	}()
	var engines []*quota.Engine
	for range instances {
		pool, err := usage.Open(ctx, d)
		if err != nil {
			return 0, 0, err
		}
		pools = append(pools, pool)
		e, err := quota.New(quota.Config{DB: d, Pool: pool, Log: slog.Default()})
		if err != nil {
			return 0, 0, err
		}
		group.Go(func() error { return e.Run(running) })
		engines = append(engines, e)
	}
	begin := time.Now()
	admitted, err := useUp(ctx, engines, call)
	took := time.Since(begin)
	for _, e := range engines {
		trips += e.Trips()
	}
	if err == nil && admitted != quotaLimit {
		err = fmt.Errorf("a limit of %d admitted %d", quotaLimit, admitted)
	}
	return quotaLimit / took.Seconds(), trips, err
}

// useUp takes one at a time until the limit is reached, and returns how many were let through.
func useUp(ctx context.Context, engines []*quota.Engine, call quota.Call) (int64, error) {
	var admitted atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for _, e := range engines {
		for range perInstance {
			group.Go(func() error {
				n := int64(0)
				for {
					_, d, err := e.Take(ctx, call)
					if err != nil {
						return err
					}
					if d.Allowed {
						n++
						continue
					}
					total := admitted.Add(n)
					if n = 0; total >= quotaLimit {
						return nil
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
	}
	err := group.Wait()
	return admitted.Load(), err
}

// update is a decision by a conditional update of one row, committed: what one would write without leases.
func (w *world) update(ctx context.Context, each time.Duration) (rate float64, err error) {
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	begin := time.Now()
	for range instances * perInstance {
		group.Go(func() error {
			c, err := pgx.Connect(ctx, w.database)
			if err != nil {
				return fmt.Errorf("connect the baseline: %w", err)
			}
			defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
			for time.Since(begin) < each {
				tag, err := c.Exec(ctx, "UPDATE bench_quota SET used = used + 1 WHERE id = 1 AND used < amount")
				if err != nil || tag.RowsAffected() != 1 {
					return fmt.Errorf("update the row: %w", err)
				}
				done.Add(1)
			}
			return nil
		})
	}
	err = group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), err
}
