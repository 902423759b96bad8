package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// maxKeys is how many keys a connection has at most. All of them are tried when an assertion is decrypted.
const maxKeys = 5

// Refusals of a change of our keys.
var (
	ErrNextKey   = errs.New(errs.Conflict, "next_key_exists", "The connection has a next key already. Activate it, or drop it.")
	ErrManyKeys  = errs.New(errs.Conflict, "too_many_keys", "The connection has as many keys as it may. Drop one that is retired.")
	ErrActiveKey = errs.New(errs.Conflict, "key_active", "The active key cannot be dropped. Activate another one first.")
)

// NewKey is a key pair that was made for a connection. Only [SignIn.MakeKey] makes one.
type NewKey struct {
	connection id.Connection
	key        Key
}

// MakeKey makes the next key pair of one of the caller's connections. It takes a while, so it happens outside of any transaction.
func (s *SignIn) MakeKey(ctx context.Context, which id.Connection) (NewKey, error) {
	var c Connection
	err := s.db.Tenant(ctx, authn.From(ctx).Tenant, func(tx *db.TenantTx) (err error) {
		if c, err = ConnectionByID(ctx, tx, which); err != nil {
			return err
		}
		return roomForKey(ctx, tx, c)
	})
	if err != nil {
		return NewKey{}, err
	}
	k, err := s.newKey(c.Name)
	return NewKey{which, k}, err
}

// roomForKey says whether a connection may have a next key.
func roomForKey(ctx context.Context, tx *db.TenantTx, c Connection) error {
	if c.SAML == nil {
		return ErrNotSAML
	}
	keys, err := KeysOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Slot == NextKey {
			return ErrNextKey
		}
	}
	if len(keys) >= maxKeys {
		return ErrManyKeys
	}
	return nil
}

// AddKey publishes a next key beside the active one, so that the provider can learn of it before it is used.
func (s *SignIn) AddKey(ctx context.Context, tx *db.TenantTx, n NewKey) (Connection, error) {
	c, err := s.lock(ctx, tx, n.connection)
	if err != nil {
		return c, err
	}
	if err := mayConfigure(ctx, tx, Draft{DefaultRole: c.DefaultRole, GroupRoles: c.GroupRoles}); err != nil {
		return c, err
	}
	if err := roomForKey(ctx, tx, c); err != nil {
		return c, err
	}
	if err := s.addKey(ctx, tx, c.ID, NextKey, n.key); err != nil {
		return c, err
	}
	if err := s.tellOwners(ctx, tx, c, "given a next key, which is published in its metadata,"); err != nil {
		return c, err
	}
	return c, events.Record(ctx, tx, events.ConnectionKeyAdded, c.ID, events.Data{"name": c.Name, "not_after": n.key.Certificate.NotAfter.UTC()})
}

// ActivateKey signs with another key from now on: the next one, or a retired one if the provider does not know the new one after all. The
// key of before is retired: it decrypts until it is dropped. Attempts under way go on.
func (s *SignIn) ActivateKey(ctx context.Context, tx *db.TenantTx, which id.Connection, key id.ConnectionKey) (Connection, error) {
	c, k, err := s.lockKey(ctx, tx, which, key)
	if err != nil || k.Slot == ActiveKey {
		return c, err
	}
	// First the one and then the other: there is never more than one that is active.
	_, err = db.Of[ConnectionKey](tx.DB).Where("connection_id = ? AND slot = ?", c.ID, ActiveKey).Select("slot", "retired_at").
		Updates(ctx, ConnectionKey{Slot: RetiredKey, RetiredAt: &tx.Now})
	if err == nil {
		_, err = db.Of[ConnectionKey](tx.DB).Where("connection_id = ? AND id = ?", c.ID, k.ID).Select("slot", "retired_at").
			Updates(ctx, ConnectionKey{Slot: ActiveKey})
	}
	if err != nil {
		return c, fmt.Errorf("activate key %s: %w", k.ID, err)
	}
	if err := s.tellOwners(ctx, tx, c, "made to sign with another key of ours"); err != nil {
		return c, err
	}
	return c, events.Record(ctx, tx, events.ConnectionKeyActivated, c.ID, events.Data{"name": c.Name, "key": k.ID, "from": k.Slot})
}

// DropKey forgets a key that is not active. What is still encrypted for it cannot be read any more.
func (s *SignIn) DropKey(ctx context.Context, tx *db.TenantTx, which id.Connection, key id.ConnectionKey) (Connection, error) {
	c, k, err := s.lockKey(ctx, tx, which, key)
	if err != nil {
		return c, err
	}
	if k.Slot == ActiveKey {
		return c, ErrActiveKey
	}
	if _, err := db.Of[ConnectionKey](tx.DB).Where("connection_id = ? AND id = ?", c.ID, k.ID).Delete(ctx); err != nil {
		return c, fmt.Errorf("drop key %s: %w", k.ID, err)
	}
	if err := s.tellOwners(ctx, tx, c, "relieved of a key of ours"); err != nil {
		return c, err
	}
	return c, events.Record(ctx, tx, events.ConnectionKeyDropped, c.ID, events.Data{"name": c.Name, "key": k.ID, "from": k.Slot})
}

func (s *SignIn) lockKey(ctx context.Context, tx *db.TenantTx, which id.Connection, key id.ConnectionKey) (Connection, ConnectionKey, error) {
	c, err := s.lock(ctx, tx, which)
	if err != nil {
		return c, ConnectionKey{}, err
	}
	if err := mayConfigure(ctx, tx, Draft{DefaultRole: c.DefaultRole, GroupRoles: c.GroupRoles}); err != nil {
		return c, ConnectionKey{}, err
	}
	k, err := db.Of[ConnectionKey](tx.DB).Where("connection_id = ? AND id = ?", c.ID, key).First(ctx)
	if db.IsMissing(err) {
		return c, k, errs.NotFound("key")
	}
	if err != nil {
		return c, k, fmt.Errorf("load key %s: %w", key, err)
	}
	return c, k, nil
}
