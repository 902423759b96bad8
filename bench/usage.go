package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// What recording must be worth, as times its baselines of the same run. Each ratio is the median of those of the rounds.
const (
	minGORM   = 25   // times a GORM transaction that sets the tenant, inserts, and adds to a sum
	minPGX    = 8    // times one pgx statement that inserts and adds
	minHot    = 15   // times the same statement, where all is of two tenants
	minCopied = 0.50 // of a bulk COPY with the same key, at 100 events a call

	inFlight   = 1_024 // calls at once
	bulkFlight = 128   // calls at once, of 100 events each
	perCall    = 100
	bulk       = 8_000 // rows of one bulk COPY, on two connections
	poolSize   = 32    // connections of the baselines; the recorder has four
)

// crowd is whose usage is recorded: tenants by Zipf, with twenty users and four features each, or two tenants with two users.
type crowd struct {
	tenants []id.Tenant
	users   []id.User
	hot     bool
}

func newCrowd(hot bool) *crowd {
	c := &crowd{hot: hot}
	n, people := 1_000, 20
	if hot {
		n, people = 2, 2
	}
	for range n {
		c.tenants = append(c.tenants, id.New[id.Tenant]())
		for range people {
			c.users = append(c.users, id.New[id.User]())
		}
	}
	return c
}

// event is one that somebody of the crowd causes now.
func (c *crowd) event(z *rand.Zipf) usage.Event {
	t := int(z.Uint64())
	people := len(c.users) / len(c.tenants)
	return usage.Event{
		Key: uuid.Must(uuid.NewV7()).String(), Tenant: c.tenants[t], Meter: "ai.tokens", Quantity: 17, User: c.users[t*people+rand.IntN(people)], //nolint:gosec // a load
		Role: "member", Plan: "pro", Feature: [...]string{"chat", "search", "agents", "export"}[rand.IntN(4)], Route: "POST /chat", Model: "large", //nolint:gosec // a load
		InputTokens: 12, OutputTokens: 5,
	}
}

func (c *crowd) zipf() *rand.Zipf {
	return rand.NewZipf(rand.New(rand.NewPCG(rand.Uint64(), 1)), 1.1, 1, uint64(len(c.tenants)-1)) //nolint:gosec // a load
}

// way records n events in one call, and returns when they are durable.
type way func(ctx context.Context, events []usage.Event) error

// drive calls a way from many callers at once and returns the events a second that were acknowledged.
func drive(ctx context.Context, c *crowd, callers, n int, each time.Duration, record way) (float64, error) {
	var done atomic.Int64
	begin := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range callers {
		group.Go(func() error {
			z := c.zipf()
			for time.Since(begin) < each {
				events := make([]usage.Event, n)
				for i := range events {
					events[i] = c.event(z)
				}
				if err := record(ctx, events); err != nil {
					return err
				}
				done.Add(int64(n))
			}
			return nil
		})
	}
	err := group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), err
}

// contest is a way against its baseline.
type contest struct {
	name, against      string
	hot                bool
	callers, n         int
	baseCallers, baseN int
	record, base       way
	least              float64
	measured           string

	rates, baseRates, ratios []float64 // of the rounds
}

// usage measures how many events a second are durable, in turns with what one would write without package usage.
func (w *world) usage(ctx context.Context, l load) ([]Row, error) {
	d, err := db.Open(ctx, db.Config{URL: w.database, MaxConns: poolSize})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	pool, err := usage.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	recorder, err := usage.New(usage.Config{Pool: pool})
	if err != nil {
		return nil, err
	}
	folder, err := usage.NewFolder(pool, slog.Default())
	if err != nil {
		return nil, err
	}
	b, err := newUsageBaselines(ctx, w, d)
	if err != nil {
		return nil, err
	}
	defer b.close()
	background, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return recorder.Run(background) })
	group.Go(func() error { return folder.Run(background) })
	var acknowledged atomic.Int64
	record := func(ctx context.Context, events []usage.Event) error {
		_, err := recorder.Record(ctx, events...)
		acknowledged.Add(int64(len(events)))
		return err
	}
	h, err := w.newUsageHTTP(ctx)
	if err != nil {
		return nil, errors.Join(err, end(stop, &group))
	}
	defer h.close()
	overHTTP := func(ctx context.Context, events []usage.Event) error {
		acknowledged.Add(int64(len(events)))
		return h.record(ctx, events)
	}
	inProcess := fmt.Sprintf("%d connections of baselines, 4 of ours", poolSize)
	one := contest{name: "1 a call, 1,024 in flight", callers: inFlight, n: 1, baseCallers: inFlight, baseN: 1, record: record, measured: inProcess}
	gorm, pgx, hot := one, one, one
	gorm.against, gorm.base, gorm.least = "a GORM transaction", b.gorm, minGORM
	pgx.against, pgx.base, pgx.least = "one pgx statement", b.pgx, minPGX
	hot.name, hot.hot, hot.against, hot.base, hot.least = "two hot tenants", true, "one pgx statement", b.pgx, minHot
	var rows []Row
	// What one leaves for the disk to do would be counted against others, so these are groups.
	for _, contests := range [][]*contest{{&gorm, &pgx, &hot}, {{
		name: "100 a call", against: "bulk COPY", callers: bulkFlight, n: perCall, baseCallers: 2, baseN: bulk, record: record, base: b.copy, least: minCopied,
		measured: inProcess,
	}}, {{
		name: "over HTTP, 100 a request", against: "an Echo handler with a GORM transaction, 1 a request", callers: httpFlight, n: perCall,
		baseCallers: naiveFlight, baseN: 1, record: overHTTP, base: h.single, least: minHTTP,
		measured: fmt.Sprintf("%d HTTP connections, and %d of the baseline, which has %d to Postgres", httpFlight, naiveFlight, poolSize),
	}}} {
		more, err := compete(ctx, l, contests)
		if err != nil {
			return nil, errors.Join(err, end(stop, &group))
		}
		rows = append(rows, more...)
	}
	if err := end(stop, &group); err != nil {
		return nil, err
	}
	return rows, b.verify(ctx, acknowledged.Load())
}

// end stops what works in the background and waits for it.
func end(stop context.CancelFunc, group *errgroup.Group) error {
	stop()
	return group.Wait()
}

// compete runs the contests in turns and makes a row of each.
func compete(ctx context.Context, l load, contests []*contest) ([]Row, error) {
	for range l.rounds {
		for _, c := range contests {
			crowd := newCrowd(c.hot)
			ours, err := drive(ctx, crowd, c.callers, c.n, l.each, c.record)
			if err != nil {
				return nil, fmt.Errorf("record usage, %s: %w", c.name, err)
			}
			theirs, err := drive(ctx, crowd, c.baseCallers, c.baseN, l.each, c.base)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.against, err)
			}
			c.rates, c.baseRates, c.ratios = append(c.rates, ours), append(c.baseRates, theirs), append(c.ratios, ours/theirs)
		}
	}
	var rows []Row
	for _, c := range contests {
		ratio := median(c.ratios)
		rows = append(rows, Row{
			Name: "usage, " + c.name + ", to " + c.against, Value: median(c.rates), Unit: "events/s", Ratio: ratio,
			Target:   fmt.Sprintf("≥ %g × (%.0f/s)", c.least, median(c.baseRates)),
			Met:      ratio >= c.least,
			Measured: fmt.Sprintf("%d rounds of %s, in turns; fsync on; %s", l.rounds, l.each, c.measured),
		})
	}
	return rows, nil
}
