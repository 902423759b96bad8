package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// polls lets those who need a tenant's version at the same time ask for it once. Without a beat all of a busy tenant's callers need it, and
// their number must not be what keeps them from it.
type polls struct {
	mu   sync.Mutex
	open map[id.Tenant]*poll // that others may join
}

// poll is one question for a tenant's version, for all who were there before it was asked: nobody gets an answer from before they asked.
type poll struct {
	done    chan struct{}
	asked   time.Duration // the monotonic clock when the database was asked
	version int64
	err     error
}

// join returns the poll that is about to begin, and whether it is the caller's to be asked.
func (p *polls) join(tenant id.Tenant) (*poll, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.open[tenant]; other != nil {
		return other, false
	}
	own := &poll{done: make(chan struct{})}
	if p.open == nil {
		p.open = map[id.Tenant]*poll{}
	}
	p.open[tenant] = own
	return own, true
}

// shut keeps others from joining.
func (p *polls) shut(tenant id.Tenant, own *poll) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[tenant] == own {
		delete(p.open, tenant)
	}
}

// versionOf asks the database for the version of a tenant, and says when that was asked.
func (s *Store) versionOf(ctx context.Context, tenant id.Tenant, limit time.Duration) (version int64, asked time.Duration, err error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		p, own := s.polls.join(tenant)
		if own {
			s.poll(ctx, tenant, p, limit)
			return p.version, p.asked, p.err
		}
		select {
		case <-within.Done():
			return 0, 0, within.Err()
		case <-p.done:
		}
		ended := errors.Is(p.err, context.DeadlineExceeded) || errors.Is(p.err, errAborted)
		if !ended || within.Err() != nil { // who asked may have had less time than we
			return p.version, p.asked, p.err
		}
	}
}

// poll asks, for others too, whether or not the caller still waits.
func (s *Store) poll(ctx context.Context, tenant id.Tenant, p *poll, limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	defer close(p.done)
	defer s.polls.shut(tenant, p)
	p.err = errAborted
	p.err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		s.polls.shut(tenant, p) // there was a connection to be waited for
		p.asked = uptime()
		if err := tx.DB.Raw("SELECT version FROM tenant_state WHERE tenant_id = ?", tenant).Scan(&p.version).Error; err != nil {
			return fmt.Errorf("read the tenant's version: %w", err)
		}
		return nil
	})
}
