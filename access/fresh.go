package access

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Stats counts what the snapshots did, for metrics.
type Stats struct{ Hits, Misses, Revalidations, Refusals atomic.Int64 }

// Stats returns the counters.
func (s *Store) Stats() *Stats { return &s.stats }

// Age is how long ago the listener last heard itself.
func (s *Store) Age() time.Duration { return time.Since(processStart) - time.Duration(s.beat.Load()) }

// validate makes sure that what is held of a tenant may still be used.
func (s *Store) validate(ctx context.Context, tenant id.Tenant) error {
	age := s.Age()
	if age < s.grace {
		return nil
	}
	s.stats.Revalidations.Add(1)
	version, err := s.versionOf(ctx, tenant)
	if err != nil {
		if age < 2*s.grace {
			return nil
		}
		s.stats.Refusals.Add(1)
		return ErrStale.Because(err)
	}
	// Only an entry of exactly this version proves that nothing changed since it was loaded.
	if e, ok := s.tenants.Peek(tenant); !ok || e.value.Version != version {
		s.forget(tenant)
	}
	return nil
}

func (s *Store) versionOf(ctx context.Context, tenant id.Tenant) (version int64, err error) {
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw("SELECT version FROM tenant_state WHERE tenant_id = ?", tenant).Scan(&version).Error; err != nil {
			return fmt.Errorf("read the tenant's version: %w", err)
		}
		return nil
	})
	return version, err
}

// forget makes everything that is held of a tenant (and of those that share its shard) out of date.
func (s *Store) forget(tenant id.Tenant) {
	n := shardOf(tenant)
	s.seqs[n].Add(1)
	s.epochs[n].Add(1)
}

// forgetAll is for when announcements may have been missed.
func (s *Store) forgetAll() {
	for n := range shards {
		s.seqs[n].Add(1)
		s.epochs[n].Add(1)
	}
}
