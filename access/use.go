package access

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const flushEvery = 30 * time.Second

// uses is which keys were used since the last time that it was written down. Rows are written in batches, and a key is noted once a batch,
// so that a busy one costs nothing.
type uses struct {
	mu   sync.Mutex
	keys map[apiKey]*key
}

func (u *uses) touch(named apiKey, k *key, now time.Time) {
	const exact = int64(time.Second)
	last := k.lastUse.Load()
	if now.UnixNano()-last < exact {
		return
	}
	if k.lastUse.Swap(now.UnixNano()) != 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = map[apiKey]*key{}
	}
	u.keys[named] = k
}

// take empties it.
func (u *uses) take() map[apiKey]time.Time {
	u.mu.Lock()
	keys := u.keys
	u.keys = nil
	u.mu.Unlock()
	last := make(map[apiKey]time.Time, len(keys))
	for named, k := range keys {
		if at := k.lastUse.Swap(0); at != 0 { // not taken by the batch before
			last[named] = time.Unix(0, at).UTC()
		}
	}
	return last
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
	batch := s.uses.take()
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
