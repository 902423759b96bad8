package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
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
	rate                     authn.Rate
	revoked                  bool
	version                  int64
	lastUse                  atomic.Int64 // Unix nanoseconds; 0 if it has been written

	proven atomic.Pointer[[sha256.Size]byte] // a digest of the credential that was found to have the current secret; nil before
}

func (k *key) dated() int64 { return k.version }

// Key returns the principal of an API key. Its role is the lower one of the key's and its creator's, as they are now; a key whose creator
// is no longer an active member is refused, and so is one whose role and its creator's each have what the other has not. Every refusal but that of a suspended tenant is ErrKeyInvalid, whatever the reason.
func (s *Store) Key(ctx context.Context, cred secret.Credential) (*authn.Principal, error) {
	tenant, kid := id.From[id.Tenant](cred.Tenant), id.From[id.Key](cred.ID)
	if cred.Prefix != secret.PrefixAPIKey || tenant.IsZero() || kid.IsZero() {
		return nil, ErrKeyInvalid
	}
	return current(ctx, s, tenant, func(p proof) (*authn.Principal, error) { return s.key(ctx, p, cred, apiKey{tenant, kid}) })
}

func (s *Store) key(ctx context.Context, known proof, cred secret.Credential, named apiKey) (*authn.Principal, error) {
	k, err := s.keyOf(ctx, known, named)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if !k.proves(cred) {
		hash := s.keys.HashOf(cred)
		if !k.matches(hash, now) {
			return nil, ErrKeyInvalid
		}
		k.prove(cred, hash)
	}
	return s.bearer(ctx, known, named, k, now)
}

// again is key for one whose secret was seen a moment ago.
func (s *Store) again(ctx context.Context, known proof, named apiKey) (*authn.Principal, error) {
	k, err := s.keyOf(ctx, known, named)
	if err != nil {
		return nil, err
	}
	return s.bearer(ctx, known, named, k, s.Now())
}

// bearer is who uses a key at a moment.
func (s *Store) bearer(ctx context.Context, known proof, named apiKey, k *key, now time.Time) (*authn.Principal, error) {
	tenant := named.tenant
	if k.revoked || (!k.expiresAt.IsZero() && !now.Before(k.expiresAt)) {
		return nil, ErrKeyInvalid
	}
	t, err := s.tenant(ctx, known, tenant)
	if err != nil {
		return nil, invalid(err)
	}
	role := k.role
	if !k.createdBy.IsZero() {
		m, err := s.member(ctx, known, tenant, k.createdBy)
		if err != nil {
			return nil, invalid(err)
		}
		if m.status != tenants.MemberActive {
			return nil, ErrKeyInvalid
		}
		lower, ok := s.lower(t, m.role, role)
		if !ok {
			return nil, ErrKeyInvalid
		}
		role = lower
	}
	p := &authn.Principal{
		Kind: authn.APIKey, Tenant: tenant, Key: named.key, Role: string(role), Plan: string(t.plan(now)), Name: k.name, Method: "api_key",
		MadeByOperator: k.createdBy.IsZero(), Rate: k.rate, Held: t,
	}
	if t.Status != tenants.StatusActive {
		return p, ErrTenantSuspended
	}
	s.uses.touch(named, k, now)
	return p, nil
}

// invalid turns a tenant or creator that is gone into a key that is; an outage stays one.
func invalid(err error) error {
	if kind := errs.As(err).Kind; kind == errs.Missing || kind == errs.Forbidden {
		return ErrKeyInvalid.Because(err)
	}
	return err
}

// proves says that the credential is the one that matched before by its current secret, which no time takes back while the snapshot stands.
// The digest spares a busy key the keyed hash, which costs three times as much; it is of 256 random bits, so it gives nothing away.
func (k *key) proves(cred secret.Credential) bool {
	proven, sum := k.proven.Load(), digestOf(cred)
	return proven != nil && subtle.ConstantTimeCompare(proven[:], sum[:]) == 1
}

func (k *key) prove(cred secret.Credential, hash []byte) {
	if secret.Equal(hash, k.hash) {
		sum := digestOf(cred)
		k.proven.Store(&sum)
	}
}

// digestOf is a hash of all that the keyed hash is made of, each part at its place.
func digestOf(cred secret.Credential) [sha256.Size]byte {
	var parts [68]byte
	copy(parts[0:], cred.Tenant[:])
	copy(parts[16:], cred.ID[:])
	copy(parts[32:], cred.Secret[:])
	binary.BigEndian.PutUint32(parts[64:], cred.Generation)
	return sha256.Sum256(parts[:])
}

// matches compares with both secrets always, so that time tells nothing.
func (k *key) matches(hash []byte, now time.Time) bool {
	current := secret.Equal(hash, k.hash)
	previous := secret.Equal(hash, k.previous) && len(k.previous) > 0 && now.Before(k.previousUntil)
	return current || previous
}

const loadKeySQL = `
SELECT k.name, k.role, k.hash, k.previous_hash, k.previous_expires_at, k.expires_at, k.created_by, k.revoked_at IS NOT NULL AS revoked,
       k.rate_limit, p.version
FROM api_keys k JOIN tenant_state p ON p.tenant_id = k.tenant_id
WHERE k.tenant_id = ? AND k.id = ?`

type keyRow struct {
	Name                         string
	Role                         rbac.Role
	Hash, PreviousHash           []byte
	PreviousExpiresAt, ExpiresAt *time.Time
	CreatedBy                    id.Membership
	RateLimit                    string
	Revoked                      bool
	Version                      int64
}

func (s *Store) keyOf(ctx context.Context, known proof, named apiKey) (*key, error) {
	if k, ok := s.heldKey(known, named); ok {
		return k, nil
	}
	s.stats.Misses.Add(1)
	return s.loads.keys.join(ctx, s, known, named.tenant, named, func(l load) (*key, error) { return s.loadKey(ctx, l, named) })
}

func (s *Store) heldKey(p proof, named apiKey) (*key, bool) {
	sh := s.shardOf(named.tenant)
	e := sh.keys.find(hashOf(named.key.Bytes()), named)
	if e == nil || !p.vouches(e.V.version) {
		return nil, false
	}
	sh.hits.Add(1)
	return e.V, true
}

func (s *Store) loadKey(ctx context.Context, l load, named apiKey) (*key, error) {
	var rows []keyRow
	err := s.db.Tenant(ctx, named.tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw(loadKeySQL, named.tenant, named.key).Scan(&rows).Error; err != nil {
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
	var limit ratelimit.Limit
	if r.RateLimit != "" {
		if limit, err = ratelimit.ParseLimit(r.RateLimit); err != nil {
			return nil, fmt.Errorf("load API key: %w", err)
		}
	}
	k := &key{
		name: r.Name, role: r.Role, hash: r.Hash, previous: r.PreviousHash, previousUntil: at(r.PreviousExpiresAt), expiresAt: at(r.ExpiresAt),
		createdBy: r.CreatedBy, rate: authn.Rate(limit), revoked: r.Revoked, version: r.Version,
	}
	s.keepKey(l, named, k)
	return k, nil
}

func (s *Store) keepKey(l load, named apiKey, k *key) {
	makeRoom(s, &s.apiKeys, func(sh *shard) *index[apiKey, *key] { return &sh.keys },
		func(sh *shard, e *item[apiKey, *key]) int { return sh.keys.remove(e.hash, e.key) })
	l.keep(func(sh *shard) {
		s.apiKeys.add(sh.keys.put(&item[apiKey, *key]{key: named, hash: hashOf(named.key.Bytes()), V: k}))
	})
}

func (s *Store) dropKey(named apiKey) {
	s.drop(named.tenant, func(sh *shard) { s.apiKeys.add(-sh.keys.remove(hashOf(named.key.Bytes()), named)) })
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
