package sso

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
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const (
	dueBatch    = 64
	dueParallel = 8
	// dueLease is how long a refresh may take. What an instance has begun and not ended is due again after it.
	dueLease = 15 * time.Minute
)

// placed names a connection of some tenant.
type placed struct {
	TenantID id.Tenant
	ID       id.Connection
}

// RefreshMetadata reads the metadata of all connections again whose time has come, of all tenants. What fails for one does not keep the
// others from it. It may run in several instances at once.
func (s *SignIn) RefreshMetadata(ctx context.Context) error {
	if _, err := s.saml(); err != nil {
		return nil //nolint:nilerr // this installation speaks no SAML, so there is nothing to do
	}
	ctx = authn.AsSystem(ctx)
	for ctx.Err() == nil {
		list, err := s.staleMetadata(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := each(list, func(c placed) error { return s.refreshOne(ctx, c) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// each works on several connections at a time, and reports all that failed.
func each(list []placed, do func(placed) error) error {
	var group errgroup.Group
	group.SetLimit(dueParallel)
	var mu sync.Mutex
	var failed []error
	for _, c := range list {
		group.Go(func() error {
			if err := do(c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("connection %s: %w", c.ID, err))
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: the errors are in failed
	return errors.Join(failed...)
}

// staleMetadata only reads: a lock over tenants would not spread over several servers. Each connection is then claimed in its tenant.
func (s *SignIn) staleMetadata(ctx context.Context) (list []placed, err error) {
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		return sys.DB.WithContext(ctx).Raw(`SELECT c.tenant_id, c.id FROM connections c JOIN tenants t ON t.id = c.tenant_id
			WHERE c.protocol = 'saml' AND c.status <> 'disabled' AND t.status = 'active' AND c.saml -> 'metadata' ->> 'url' <> ''
			AND (c.saml -> 'metadata' ->> 'next_refresh')::timestamptz <= ? ORDER BY c.id LIMIT ?`, sys.Now, dueBatch).Scan(&list).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list metadata to refresh: %w", err)
	}
	return list, nil
}

func (s *SignIn) refreshOne(ctx context.Context, which placed) error {
	var c Connection
	mine := false
	var now time.Time
	err := s.db.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) (err error) {
		now = tx.Now
		if mine, err = leaseMetadata(ctx, tx, which.ID); err != nil || !mine {
			return err
		}
		c, err = ConnectionByID(ctx, tx, which.ID)
		return err
	})
	if err != nil || !mine {
		return gone(err)
	}
	f, err := s.refetch(ctx, c, now)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err() // that we stop says nothing about the provider
	}
	err = s.db.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) error {
		_, err := s.follow(ctx, tx, f)
		return err
	})
	if errs.CodeOf(err) == errMoved.Code {
		return nil // somebody changed the connection meanwhile: it is looked at again when the lease is over
	}
	return gone(err)
}

// gone takes no offense at what was removed meanwhile.
func gone(err error) error {
	if err != nil && errs.As(err).Kind == errs.Missing {
		return nil
	}
	return err
}

// leaseMetadata takes the refresh of a connection for this instance, unless another has it.
func leaseMetadata(ctx context.Context, tx *db.TenantTx, c id.Connection) (bool, error) {
	done := tx.DB.WithContext(ctx).Exec(`UPDATE connections SET saml = jsonb_set(saml, '{metadata,next_refresh}', to_jsonb(?::text))
		WHERE tenant_id = ? AND id = ? AND (saml -> 'metadata' ->> 'next_refresh')::timestamptz <= ?`,
		tx.Now.Add(dueLease).Format(time.RFC3339Nano), tx.Tenant, c, tx.Now)
	if done.Error != nil {
		return false, fmt.Errorf("lease metadata of connection %s: %w", c, done.Error)
	}
	return done.RowsAffected == 1, nil
}

// Refetched is metadata that was read again for a connection as it was then. Only [SignIn.Refetch] makes one.
type Refetched struct {
	from   Connection
	result Refreshed
}

var errMoved = errs.New(errs.Unavailable, "try_again", "Two changes met. Nothing was changed; try again.")

// Refetch reads the metadata of one of the caller's connections again, outside of any transaction. A connection without an address of
// metadata is the conflict no_metadata_url.
func (s *SignIn) Refetch(ctx context.Context, which id.Connection) (Refetched, error) {
	var c Connection
	var now time.Time
	err := s.db.Tenant(ctx, authn.From(ctx).Tenant, func(tx *db.TenantTx) (err error) {
		now = tx.Now
		c, err = ConnectionByID(ctx, tx, which)
		return err
	})
	if err != nil {
		return Refetched{}, err
	}
	return s.refetch(ctx, c, now)
}

func (s *SignIn) refetch(ctx context.Context, c Connection, now time.Time) (Refetched, error) {
	p, err := s.saml()
	if err != nil {
		return Refetched{}, err
	}
	if c.SAML == nil {
		return Refetched{}, ErrNotSAML
	}
	if c.SAML.Metadata.URL == "" {
		return Refetched{}, errs.New(errs.Conflict, "no_metadata_url", "This connection has no address from which its metadata could be read.")
	}
	r, err := p.Refresh(ctx, c.SAML, now)
	return Refetched{from: c, result: r}, err
}

// Refresh does what metadata that was read again asks for, as far as that can be done without an owner, and records that somebody asked.
func (s *SignIn) Refresh(ctx context.Context, tx *db.TenantTx, f Refetched) (Connection, error) {
	c, err := s.follow(ctx, tx, f)
	if err != nil {
		return Connection{}, err
	}
	return c, events.Record(ctx, tx, events.MetadataRefreshed, c.ID, events.Data{
		"problem": c.SAML.Metadata.Problem, "waiting": len(f.result.Waiting), "added": len(f.result.Add), "dropped": len(f.result.Drop),
	})
}

// follow applies what was read to the connection, if that is still the one it was read for.
func (s *SignIn) follow(ctx context.Context, tx *db.TenantTx, f Refetched) (Connection, error) {
	c, err := s.lock(ctx, tx, f.from.ID)
	if err != nil {
		return c, err
	}
	if c.SAML == nil || c.Version != f.from.Version || c.SAML.Metadata.URL != f.from.SAML.Metadata.URL {
		return c, errMoved
	}
	old, r := c, f.result
	c.SAML = old.SAML.clone()
	c.SAML.note(tx.Now, r)
	found := c.SAML.take(tx.Now, r)
	if len(found.added)+len(found.dropped) > 0 {
		err = replace(ctx, tx, old, &c)
	} else {
		err = keepSAML(ctx, tx, c)
	}
	if err != nil {
		return c, err
	}
	if err := s.tellRefresh(ctx, tx, c, found, r.Urgent); err != nil {
		return c, err
	}
	return c, s.tellProblem(ctx, tx, c, old.SAML.Metadata.Problem)
}

// keepSAML stores what changes nothing about who is let in: attempts under way go on, and no version of before is kept.
func keepSAML(ctx context.Context, tx *db.TenantTx, c Connection) error {
	_, err := db.Of[Connection](tx.DB).Where("id = ?", c.ID).Select("saml").Updates(ctx, c)
	if err != nil {
		return fmt.Errorf("store what is known of the provider of connection %s: %w", c.ID, err)
	}
	return nil
}
