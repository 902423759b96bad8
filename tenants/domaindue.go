package tenants

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const (
	dueBatch    = 64
	dueParallel = 8
	// dueLease is how long a check may take. What an instance has begun and not ended is due again after it.
	dueLease = 15 * time.Minute
)

// due names a domain whose time has come.
type due struct {
	TenantID id.Tenant
	ID       id.Domain
}

// CheckDue checks all domains whose time has come, of all tenants. What fails for one does not keep the others from being checked. It may
// run in several instances at once.
func (p Prover) CheckDue(ctx context.Context) error {
	ctx = authn.AsSystem(ctx)
	for ctx.Err() == nil {
		list, err := p.due(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := p.checkAll(ctx, list); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// due only reads: a lock over tenants would not spread over several servers. Each domain is then claimed in its tenant.
func (p Prover) due(ctx context.Context) (list []due, err error) {
	err = p.DB.System(ctx, func(sys *db.SystemTx) error {
		return sys.DB.Raw(`SELECT d.tenant_id, d.id FROM domains d JOIN tenants t ON t.id = d.tenant_id
			WHERE d.next_check_at <= ? AND t.status <> 'deleted' ORDER BY d.next_check_at LIMIT ?`, sys.Now, dueBatch).Scan(&list).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list domains to check: %w", err)
	}
	return list, nil
}

func (p Prover) checkAll(ctx context.Context, list []due) error {
	var group errgroup.Group
	group.SetLimit(dueParallel)
	var mu sync.Mutex
	var failed []error
	for _, d := range list {
		group.Go(func() error {
			if err := p.check(ctx, d); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("check domain %s: %w", d.ID, err))
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: the errors are in failed
	return errors.Join(failed...)
}

func (p Prover) check(ctx context.Context, which due) error {
	d, mine, err := p.lease(ctx, which)
	if err != nil || !mine {
		return err
	}
	s := p.look(ctx, d)
	if ctx.Err() != nil {
		return ctx.Err() // that we stop says nothing about the DNS
	}
	err = p.DB.Admit(ctx, which.TenantID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := p.settle(ctx, sys, tx, s, nil)
		return err
	})
	if errs.As(err).Kind == errs.Missing { // removed meanwhile, or its tenant
		return nil
	}
	return err
}

// lease takes a domain for this instance, unless another has it.
func (p Prover) lease(ctx context.Context, which due) (d Domain, mine bool, err error) {
	err = p.DB.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) error {
		r := tx.DB.Exec("UPDATE domains SET next_check_at = ? WHERE tenant_id = ? AND id = ? AND next_check_at <= ?",
			tx.Now.Add(dueLease), tx.Tenant, which.ID, tx.Now)
		if mine = r.Error == nil && r.RowsAffected == 1; !mine {
			return r.Error
		}
		d, err = DomainByID(ctx, tx, which.ID)
		return err
	})
	return d, mine, err
}
