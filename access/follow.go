package access

import (
	"context"
	"time"
)

const (
	lookEvery  = 30 * time.Second // for a catalog that nobody announced
	retryAfter = time.Second
)

// follow reads the catalog and the signing keys when they change. It does so beside the listener, which never waits for a query: while it
// waited, nothing would be revoked.
func (s *Store) follow(ctx context.Context) {
	look := time.NewTimer(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.keysMoved:
			if s.onKeys != nil {
				s.onKeys(ctx)
			}
			continue
		case <-s.catalogMoved:
		case <-look.C:
		}
		look.Reset(lookEvery)
		if err := s.ReloadCatalog(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "catalog_reload_failed", "error", err.Error())
			look.Reset(retryAfter)
		}
	}
}
