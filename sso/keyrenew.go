package sso

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// expiresSoon is how long before its end a key of ours gets a successor by itself. Nothing switches to it by itself: the provider has to
// know it first.
const expiresSoon = 60 * 24 * time.Hour

// RenewKeys gives each connection whose active key ends within sixty days a next one, of all tenants, and tells the owners. It may run in
// several instances at once.
func (s *SignIn) RenewKeys(ctx context.Context) error {
	ctx = authn.AsSystem(ctx)
	var after id.Connection
	for ctx.Err() == nil {
		list, err := s.endingKeys(ctx, after)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
		if err := each(list, func(c placed) error { return s.renewKey(ctx, c) }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *SignIn) endingKeys(ctx context.Context, after id.Connection) (list []placed, err error) {
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		return sys.DB.WithContext(ctx).Raw(`SELECT k.tenant_id, k.connection_id AS id FROM connection_keys k
			JOIN connections c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id JOIN tenants t ON t.id = k.tenant_id
			WHERE k.slot = 'active' AND k.not_after < ? AND c.status <> 'disabled' AND t.status = 'active' AND k.connection_id > ?::uuid
			AND NOT EXISTS (SELECT 1 FROM connection_keys n WHERE n.tenant_id = k.tenant_id AND n.connection_id = k.connection_id AND n.slot = 'next')
			ORDER BY k.connection_id LIMIT ?`, sys.Now.Add(expiresSoon), after.UUID().String(), dueBatch).Scan(&list).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list keys that end: %w", err)
	}
	return list, nil
}

func (s *SignIn) renewKey(ctx context.Context, which placed) error {
	var name string
	err := s.db.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) error {
		c, err := ConnectionByID(ctx, tx, which.ID)
		name = c.Name
		return err
	})
	if err != nil {
		return gone(err)
	}
	k, err := s.newKey(name)
	if err != nil {
		return err
	}
	err = s.db.Tenant(ctx, which.TenantID, func(tx *db.TenantTx) error {
		c, err := s.AddKey(ctx, tx, NewKey{which.ID, k})
		if err != nil {
			return err
		}
		return s.alertOwners(ctx, tx, "A key of single sign-on is about to expire", []string{
			fmt.Sprintf("The certificate with which the connection %s signs its requests expires soon, so it was given a next one.", plain(c.Name)),
			"Both are in the metadata at " + s.EntityID(c.ID) + ". If your identity provider does not read that by itself, upload it there again. Then activate the next key at the connection.",
		}, "")
	})
	if errors.Is(err, ErrNextKey) || errors.Is(err, ErrManyKeys) { // another instance was faster, or an owner has to drop one first
		return nil
	}
	return gone(err)
}
