package access

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const flushEvery = 30 * time.Second

// touch remembers that a key was used; rows are written in batches, so a busy key costs nothing.
func (s *Store) touch(k apiKey, now time.Time) {
	s.used.Lock()
	s.usedAt[k] = now
	s.used.Unlock()
}

// flushUses writes the last use of keys until ctx ends, and then once more.
func (s *Store) flushUses(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			s.flushUsed(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.flushUsed(last)
}

func (s *Store) flushUsed(ctx context.Context) {
	s.used.Lock()
	batch := s.usedAt
	s.usedAt = make(map[apiKey]time.Time, len(batch))
	s.used.Unlock()
	byTenant := map[id.Tenant][]apiKey{}
	for k := range batch {
		byTenant[k.tenant] = append(byTenant[k.tenant], k)
	}
	for tenant, keys := range byTenant {
		// Instances write the same keys at once: in one order, or they would wait for each other.
		slices.SortFunc(keys, func(a, b apiKey) int {
			x, y := a.key.Bytes(), b.key.Bytes()
			return bytes.Compare(x[:], y[:])
		})
		err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
			for _, k := range keys {
				err := tx.DB.Exec(`UPDATE api_keys SET last_used_at = ? WHERE tenant_id = ? AND id = ?
					AND (last_used_at IS NULL OR last_used_at < ?)`, batch[k], tenant, k.key, batch[k]).Error
				if err != nil {
					return fmt.Errorf("write last use: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			s.log.WarnContext(ctx, "last_use_not_written", "error", err.Error())
		}
	}
}
