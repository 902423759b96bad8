package tenants

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Key is an API key of the tenant. Its secret is not among its fields: it is stored as a keyed hash and shown once.
type Key struct {
	ID                id.Key `gorm:"primaryKey"`
	Name              string
	Role              rbac.Role
	Generation        uint32
	Hash              []byte
	PreviousHash      []byte
	PreviousExpiresAt *time.Time
	RateLimit         string // of this key alone, as ratelimit.ParseLimit reads it; "" leaves it to the plan
	Hint              string // the last characters, to tell keys apart
	CreatedBy         id.Membership
	CreatedAt         time.Time `gorm:"autoCreateTime:false"`
	RotatedAt         *time.Time
	ExpiresAt         *time.Time
	LastUsedAt        *time.Time
	RevokedAt         *time.Time
}

// TableName implements GORM's Tabler.
func (Key) TableName() string { return "api_keys" }

// NewKey is what a key is made of. A zero ExpiresAt means never, and a zero RateLimit that only the plan limits it; whether the plan allows
// a limit is for the caller to ask the catalog.
type NewKey struct {
	Name      string
	Role      rbac.Role
	RateLimit ratelimit.Limit
	ExpiresAt time.Time
}

// Keys makes and changes API keys; its pepper keys their hashes.
type Keys struct{ Pepper secret.Pepper }

// HashOf is the keyed hash under which a key is stored. Every part of the credential is under it, so that a key has one spelling.
func (k Keys) HashOf(cred secret.Credential) []byte {
	generation := binary.BigEndian.AppendUint32(nil, cred.Generation)
	h := k.Pepper.MAC("api key", cred.Tenant[:], cred.ID[:], generation, cred.Secret[:])
	return h[:]
}

// ErrPersonOnly refuses API keys and set-up links where a person has to answer for it, as for a new secret: that would outlive the
// revocation of what made it.
var ErrPersonOnly = errs.New(errs.Forbidden, "session_required", "A person must do this in a session; API keys and set-up links cannot.")

func byPerson(ctx context.Context) error {
	if authn.From(ctx).Kind == authn.APIKey {
		return ErrPersonOnly
	}
	return nil
}

// Create makes a key with a role not above the caller's; owner is for people.
func (k Keys) Create(ctx context.Context, tx *db.TenantTx, in NewKey) (Key, secret.Credential, error) {
	if err := CheckName("name", in.Name); err != nil {
		return Key{}, secret.Credential{}, err
	}
	if err := checkLentRole(ctx, tx, "role", in.Role); err != nil {
		return Key{}, secret.Credential{}, err
	}
	if err := byPerson(ctx); err != nil {
		return Key{}, secret.Credential{}, err
	}
	if err := mayGrant(ctx, tx, in.Role); err != nil {
		return Key{}, secret.Credential{}, err
	}
	key := Key{
		ID: id.New[id.Key](), Name: in.Name, Role: in.Role, Generation: 1, CreatedBy: authn.From(ctx).Membership, CreatedAt: tx.Now,
	}
	data := events.Data{"name": key.Name, "role": key.Role}
	if !in.RateLimit.IsZero() {
		key.RateLimit = in.RateLimit.String()
		data["rate_limit"] = key.RateLimit
	}
	if !in.ExpiresAt.IsZero() {
		if !in.ExpiresAt.After(tx.Now) {
			return Key{}, secret.Credential{}, errs.InvalidField("expires_at", "This time has passed.")
		}
		expires := in.ExpiresAt.UTC()
		key.ExpiresAt = &expires
	}
	cred := k.issue(tx, &key)
	if err := db.Of[Key](tx.DB).Create(ctx, &key); err != nil {
		return Key{}, secret.Credential{}, fmt.Errorf("create API key: %w", err)
	}
	return key, cred, events.Record(ctx, tx, events.KeyCreated, key.ID, data)
}

// MaxOverlap is how long an old secret may live beside its successor.
const MaxOverlap = 30 * 24 * time.Hour

// Rotate gives a key a new secret; the old one works until the overlap is over, and the one before that no more. The expiry of the key
// stays, and one that has expired cannot be rotated.
func (k Keys) Rotate(ctx context.Context, tx *db.TenantTx, key id.Key, overlap time.Duration) (Key, secret.Credential, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, secret.Credential{}, errs.InvalidField("overlap", "Use 0 seconds to 30 days.")
	}
	if err := byPerson(ctx); err != nil {
		return Key{}, secret.Credential{}, err
	}
	row, err := k.lock(ctx, tx, key)
	if err != nil {
		return Key{}, secret.Credential{}, err
	}
	if row.ExpiresAt != nil && !tx.Now.Before(*row.ExpiresAt) {
		return Key{}, secret.Credential{}, errs.New(errs.Conflict, "api_key_expired", "This API key has expired. Create a new one.")
	}
	// Whoever holds the secret answers for the key from now on: it stops working when they are removed.
	row.CreatedBy = authn.From(ctx).Membership
	row.PreviousHash, row.PreviousExpiresAt, row.RotatedAt = nil, nil, &tx.Now
	if overlap > 0 {
		until := tx.Now.Add(overlap)
		row.PreviousHash, row.PreviousExpiresAt = row.Hash, &until
	}
	row.Generation++
	cred := k.issue(tx, &row)
	_, err = db.Of[Key](tx.DB).Where("id = ?", row.ID).
		Select("hash", "hint", "generation", "created_by", "previous_hash", "previous_expires_at", "rotated_at").Updates(ctx, row)
	if err != nil {
		return Key{}, secret.Credential{}, fmt.Errorf("rotate API key: %w", err)
	}
	tx.Changed("key", row.ID)
	return row, cred, events.Record(ctx, tx, events.KeyRotated, row.ID, events.Data{"overlap_seconds": int64(overlap.Seconds())})
}

// Revoke ends a key at once.
func (k Keys) Revoke(ctx context.Context, tx *db.TenantTx, key id.Key) error {
	row, err := k.lock(ctx, tx, key)
	if err != nil {
		return err
	}
	row.RevokedAt = &tx.Now
	if _, err := db.Of[Key](tx.DB).Where("id = ?", row.ID).Select("revoked_at").Updates(ctx, row); err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	if err := voidInvitationsOf(ctx, tx, row.ID); err != nil {
		return err
	}
	tx.Changed("key", row.ID)
	return events.Record(ctx, tx, events.KeyRevoked, row.ID, nil)
}

// List returns the keys that are not revoked, oldest first, after the given id.
func (k Keys) List(ctx context.Context, tx *db.TenantTx, after id.Key, limit int) ([]Key, error) {
	q := db.Of[Key](tx.DB).Where("revoked_at IS NULL")
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Order("id").Limit(limit).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return list, nil
}

// Find returns one key that is not revoked.
func (k Keys) Find(ctx context.Context, tx *db.TenantTx, key id.Key) (Key, error) {
	return found(db.Of[Key](tx.DB).Where("id = ? AND revoked_at IS NULL", key).First(ctx))
}

func (k Keys) lock(ctx context.Context, tx *db.TenantTx, key id.Key) (Key, error) {
	row, err := found(db.Of[Key](tx.DB, locked).Where("id = ? AND revoked_at IS NULL", key).First(ctx))
	if err != nil {
		return row, err
	}
	return row, mayGrant(ctx, tx, row.Role)
}

func (k Keys) issue(tx *db.TenantTx, key *Key) secret.Credential {
	cred := secret.Issue(secret.PrefixAPIKey, tx.Tenant.Bytes(), key.ID.Bytes(), key.Generation)
	key.Hash = k.HashOf(cred)
	s := cred.String()
	key.Hint = s[len(s)-4:]
	return cred
}

func found(key Key, err error) (Key, error) {
	if db.IsMissing(err) {
		return Key{}, errs.NotFound("API key")
	}
	if err != nil {
		return Key{}, fmt.Errorf("load API key: %w", err)
	}
	return key, nil
}
