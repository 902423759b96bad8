package gatehouse

import (
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

// watch puts the pools, usage, the log of decisions and the snapshots on the metrics page.
func (g *Gatehouse) watch() {
	g.metrics.WatchPool("requests", func() telemetry.PoolStat { return g.db.Stat() })
	g.metrics.WatchPool("usage", func() telemetry.PoolStat { return g.writer.Stat() })
	if g.limits != nil {
		g.metrics.WatchSharedLimits(g.limits.Shared, g.limits.Losses)
	}
	g.metrics.WatchUsage(g.usage.Outcomes, g.usage.Waiting)
	g.metrics.WatchDecisions(func() (written, dropped int64) { return g.decided.Written(), g.decided.Dropped() })
	g.metrics.WatchSnapshots(func() telemetry.SnapshotStat {
		s := g.access.Stats()
		return telemetry.SnapshotStat{
			Hits: uint64(s.Hits.Load()), Misses: uint64(s.Misses.Load()), Revalidations: uint64(s.Revalidations.Load()),
			Rechecks: uint64(s.Rechecks.Load()), Mismatches: uint64(s.Mismatches.Load()), Staleness: g.access.Age(),
		}
	})
}
