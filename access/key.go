package access

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type key struct {
	name                     string
	role                     rbac.Role
	hash, previous           []byte
	previousUntil, expiresAt time.Time
	createdBy                id.Membership
	revoked                  bool
}

// Key returns the principal of an API key. Its role is the lower one of the key's and its creator's, as they are now; a key whose creator
// is no longer an active member is refused. Every refusal but that of a suspended tenant is ErrKeyInvalid, whatever the reason.
func (s *Store) Key(ctx context.Context, cred secret.Credential) (*authn.Principal, error) {
	tenant, kid := id.From[id.Tenant](cred.Tenant), id.From[id.Key](cred.ID)
	if tenant.IsZero() || kid.IsZero() {
		return nil, ErrKeyInvalid
	}
	if err := s.validate(ctx, tenant); err != nil {
		return nil, err
	}
	k, ok := lookup(s, s.apiKeys, apiKey{tenant, kid}, tenant)
	if !ok {
		var err error
		if k, err = s.loadKey(ctx, tenant, kid); err != nil {
			return nil, err
		}
	}
	now := s.Now()
	if !k.matches(s.keys.HashOf(cred), now) || k.revoked || (!k.expiresAt.IsZero() && !now.Before(k.expiresAt)) {
		return nil, ErrKeyInvalid
	}
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return nil, ErrKeyInvalid.Because(err)
	}
	role := k.role
	if !k.createdBy.IsZero() {
		m, err := s.member(ctx, tenant, k.createdBy)
		if err != nil {
			return nil, err
		}
		if m.status != tenants.MemberActive {
			return nil, ErrKeyInvalid
		}
		if !rbac.CanGrant(m.role, role) {
			role = m.role
		}
	}
	p := &authn.Principal{Kind: authn.APIKey, Tenant: tenant, Key: kid, Role: string(role), Plan: string(t.Plan), Name: k.name, Method: "api_key"}
	if t.Status != tenants.StatusActive {
		return p, ErrTenantSuspended
	}
	s.touch(apiKey{tenant, kid}, now)
	return p, nil
}

// matches compares with both secrets always, so that time tells nothing.
func (k *key) matches(hash []byte, now time.Time) bool {
	current := secret.Equal(hash, k.hash)
	previous := secret.Equal(hash, k.previous) && len(k.previous) > 0 && now.Before(k.previousUntil)
	return current || previous
}

type keyRow struct {
	Name                         string
	Role                         rbac.Role
	Hash, PreviousHash           []byte
	PreviousExpiresAt, ExpiresAt *time.Time
	CreatedBy                    id.Membership
	Revoked                      bool
}

func (s *Store) loadKey(ctx context.Context, tenant id.Tenant, kid id.Key) (*key, error) {
	l := s.begin(tenant)
	var rows []keyRow
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		err := tx.DB.Raw(`SELECT name, role, hash, previous_hash, previous_expires_at, expires_at, created_by, revoked_at IS NOT NULL AS revoked
			FROM api_keys WHERE tenant_id = ? AND id = ?`, tenant, kid).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("load API key: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrKeyInvalid
	}
	r := rows[0]
	k := &key{r.Name, r.Role, r.Hash, r.PreviousHash, at(r.PreviousExpiresAt), at(r.ExpiresAt), r.CreatedBy, r.Revoked}
	keep(s, l, s.apiKeys, apiKey{tenant, kid}, k)
	return k, nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// touch remembers that a key was used; rows are written in batches, so a busy key costs nothing.
func (s *Store) touch(k apiKey, now time.Time) {
	s.used.Lock()
	s.usedAt[k] = now
	s.used.Unlock()
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
		err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
			for _, k := range keys {
				err := tx.DB.Exec("UPDATE api_keys SET last_used_at = ? WHERE tenant_id = ? AND id = ?", batch[k], tenant, k.key).Error
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
