package gatehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// assembleUsage builds what records usage and what adds it up.
func (g *Gatehouse) assembleUsage(ctx context.Context) (err error) {
	if g.writer, err = usage.Open(ctx, g.db); err != nil {
		return err
	}
	if g.usage, err = usage.New(usage.Config{Pool: g.writer, Meters: g.meterOf, Clock: g.now, Log: g.log}); err != nil {
		return err
	}
	if g.folder, err = usage.NewFolder(g.writer, g.log, quota.Sink); err != nil {
		return err
	}
	if g.quota, err = quota.New(quota.Config{DB: g.db, Pool: g.writer, Log: g.log}); err != nil {
		return err
	}
	g.meters = &metered.Meters{Access: g.access, Quota: g.quota, Usage: g.usage}
	return nil
}

// dropQuota has quotas follow what changes of a tenant; of none it is all. The store is made before the engine, and told of nothing before it runs.
func (g *Gatehouse) dropQuota(tenant id.Tenant) {
	switch {
	case g.quota == nil:
	case tenant.IsZero():
		g.quota.DropAll()
	default:
		g.quota.Drop(tenant)
	}
}

// meterOf says how the recorder counts a meter: by the catalog, at the price that the tenant's version of its plan has.
func (g *Gatehouse) meterOf(ctx context.Context, tenant id.Tenant, name string) (usage.Meter, bool, error) {
	m, known, err := g.access.Meter(ctx, tenant, name)
	return usage.Meter{Unique: m.Aggregation == billing.Unique, Price: m.Cost, Currency: m.Currency}, known, err
}

// now is the database's time, so that instances agree on what is late; until they have heard it, that of the process.
func (g *Gatehouse) now() time.Time {
	if t := g.access.Now(); t.Year() > 2000 {
		return t
	}
	return time.Now()
}

// tendUsage only says that it is time: the recorder's role may do it, and that of jobs may not.
func (g *Gatehouse) tendUsage(context.Context) error {
	g.usage.Tend()
	return nil
}

// Use is what a request used. Who used it is the caller of the request, and cannot be said here.
type Use struct {
	Meter    string // of the catalog
	Quantity int64
	// Key makes the use count once, however often it is recorded; "" counts each time. A UUIDv7 is cheapest, any text of up to 255 bytes
	// will do.
	Key     string
	Subject string // what a meter of unique things counts
	Feature string
	Model   string

	InputTokens, OutputTokens, CachedTokens int64

	Cost     int64  // in billionths of the currency's unit; 0 has the meter's price decide
	Currency string // of the cost; another than the meter's is refused
}

// event is the use as it is recorded.
func (u Use) event(route string) usage.Event {
	return usage.Event{
		Key: u.Key, Meter: u.Meter, Quantity: u.Quantity, Subject: u.Subject, Feature: u.Feature, Model: u.Model, Route: route,
		InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, CachedTokens: u.CachedTokens, Cost: u.Cost, Currency: u.Currency,
	}
}

// Record counts what the caller of a request used, in a handler behind [Gatehouse.Require]. It returns when that is durable, or why some
// of it cannot be counted; a use that was counted before is no error. Run must be running.
func (g *Gatehouse) Record(ctx context.Context, uses ...Use) error {
	p, route := authn.From(ctx), web.RouteOf(ctx)
	events := make([]usage.Event, 0, len(uses))
	for _, u := range uses {
		events = append(events, u.event(route).By(p))
	}
	outcomes, err := g.usage.Record(ctx, events...)
	if err != nil {
		return fmt.Errorf("gatehouse: record usage: %w", err)
	}
	for i, o := range outcomes {
		if o.Refusal != nil {
			return fmt.Errorf("gatehouse: record usage of %s: %w", events[i].Meter, o.Refusal)
		}
	}
	return nil
}

// Meter counts a quantity of a meter for the caller of a request. It is the short form of [Gatehouse.Record].
func (g *Gatehouse) Meter(ctx context.Context, meter string, quantity int64) error {
	return g.Record(ctx, Use{Meter: meter, Quantity: quantity})
}
