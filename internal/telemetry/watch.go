package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// PoolStat is what a connection pool tells about itself; *pgxpool.Stat is one.
type PoolStat interface {
	AcquiredConns() int32
	IdleConns() int32
	MaxConns() int32
	AcquireCount() int64
	EmptyAcquireCount() int64
	CanceledAcquireCount() int64
	AcquireDuration() time.Duration
}

// SnapshotStat is what the snapshots behind decisions tell about themselves, counted from the start.
type SnapshotStat struct {
	Hits, Misses, Revalidations uint64
	Rechecks, Mismatches        uint64        // decisions that were asked of Casbin too, and those where it disagreed
	Staleness                   time.Duration // since the last sign of life of the change feed
}

// WatchPool reads stat at each scrape. The name tells the pools of one process apart.
func (m *Metrics) WatchPool(name string, stat func() PoolStat) {
	labels := prometheus.Labels{"pool": name}
	gauge := func(metric, help string, value func(PoolStat) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gatehouse_db_" + metric, Help: help, ConstLabels: labels,
		}, func() float64 { return value(stat()) }))
	}
	counter := func(metric, help string, value func(PoolStat) float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_db_" + metric, Help: help, ConstLabels: labels,
		}, func() float64 { return value(stat()) }))
	}
	gauge("connections_acquired", "Connections in use.", func(s PoolStat) float64 { return float64(s.AcquiredConns()) })
	gauge("connections_idle", "Connections waiting for work.", func(s PoolStat) float64 { return float64(s.IdleConns()) })
	gauge("connections_max", "Size of the pool.", func(s PoolStat) float64 { return float64(s.MaxConns()) })
	counter("acquires_total", "Connections handed out.", func(s PoolStat) float64 { return float64(s.AcquireCount()) })
	counter("acquires_waited_total", "Acquires that found the pool empty.", func(s PoolStat) float64 { return float64(s.EmptyAcquireCount()) })
	counter("acquires_canceled_total", "Acquires given up by their caller.", func(s PoolStat) float64 { return float64(s.CanceledAcquireCount()) })
	counter("acquire_seconds_total", "Time spent waiting for connections.", func(s PoolStat) float64 { return s.AcquireDuration().Seconds() })
}

// WatchDecisions reads counts of the log of decisions at each scrape.
func (m *Metrics) WatchDecisions(counts func() (written, dropped int64)) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_decisions_logged_total", Help: "Decisions written to the log: all refusals, a sample of approvals.",
		}, func() float64 { written, _ := counts(); return float64(written) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_decisions_dropped_total", Help: "Decisions that the log had no room for, or the database did not take.",
		}, func() float64 { _, dropped := counts(); return float64(dropped) }))
}

// WatchUsage reads what became of events of usage, and how many wait to be written, at each scrape.
func (m *Metrics) WatchUsage(outcomes func() map[string]int64, waiting func() int64) {
	for outcome := range outcomes() {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_usage_events_total", Help: "Events of usage that were answered.", ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(outcomes()[outcome]) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gatehouse_usage_waiting", Help: "Events of usage that wait to be written or are on their way. A full queue answers 429.",
	}, func() float64 { return float64(waiting()) }))
}

// WatchSharedLimits reads at each scrape whether instances share their rate limits, and how often what they share them by was lost.
func (m *Metrics) WatchSharedLimits(shared func() bool, losses func() int64) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gatehouse_rate_limits_shared", Help: "1 while Redis shares the rate limits of all instances, 0 while this one holds them alone.",
		}, func() float64 {
			if shared() {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_rate_limits_lost_total", Help: "Times that Redis stopped answering.",
		}, func() float64 { return float64(losses()) }))
}

// WatchSnapshots reads stat at each scrape.
func (m *Metrics) WatchSnapshots(stat func() SnapshotStat) {
	read := func(outcome string, value func(SnapshotStat) uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_snapshot_reads_total", Help: "Reads of snapshots by outcome.",
			ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(value(stat())) }))
	}
	read("hit", func(s SnapshotStat) uint64 { return s.Hits })
	read("miss", func(s SnapshotStat) uint64 { return s.Misses })
	read("revalidation", func(s SnapshotStat) uint64 { return s.Revalidations })
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_decision_rechecks_total", Help: "Decisions of which Casbin was asked again.",
		}, func() float64 { return float64(stat().Rechecks) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "gatehouse_decision_mismatches_total", Help: "Decisions that Casbin contradicted. Anything but zero is a bug: report it.",
		}, func() float64 { return float64(stat().Mismatches) }))
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gatehouse_snapshot_staleness_seconds", Help: "Time since the change feed was last heard.",
	}, func() float64 { return stat().Staleness.Seconds() }))
}
