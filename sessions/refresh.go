package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// Refresh exchanges a refresh token for the next pair. The scope is the tenant that the token names.
//
// It costs two statements: one reads and locks all that matters, one moves the session on. The errors are ErrSession for a token that
// was never given out, ErrRevoked and ErrExpired, ErrReused, which ends the session and is remembered, and what the present state of
// member, tenant and sign-in policy refuses. An ordinary refresh records no event.
func (s *Sessions) Refresh(ctx context.Context, tx *db.TenantTx, cred secret.Credential) (Issued, error) {
	if cred.Prefix != secret.PrefixRefresh || id.From[id.Tenant](cred.Tenant) != tx.Tenant {
		return Issued{}, ErrSession
	}
	held, err := hold(tx, cred)
	if err != nil {
		return Issued{}, err
	}
	if held == nil || !secret.Equal(held.Hash, s.refresh.hash(cred)) {
		return Issued{}, ErrSession
	}
	if held.RevokedAt != nil {
		return Issued{}, ErrRevoked
	}
	if !tx.Now.Before(held.Limits.end(held.RefreshedAt)) {
		return Issued{}, ErrExpired
	}
	origin := authn.OriginFrom(ctx)
	device := s.refresh.device(origin.UserAgent)
	current := held.RefreshGeneration == int64(cred.Generation)
	if !current && !s.raced(tx, held, cred, device) {
		return Issued{}, s.endFamily(ctx, tx, held, cred)
	}
	if err := held.Standing.admits(held.Method); err != nil {
		return Issued{}, err
	}
	next := s.refresh.successor(cred)
	if current {
		held.RefreshedAt = tx.Now
		if err := advance(tx, held.ID, move{next, s.refresh.hash(next), device, origin}); err != nil {
			return Issued{}, err
		}
	}
	claims, err := held.claims(tx.Tenant)
	if err != nil {
		return Issued{}, err
	}
	return s.issue(tx, claims, pair{next, held.Limits, held.RefreshedAt})
}

// raced says whether a token that was replaced comes from a second tab of the same browser: it is the one just before, the moment has
// not passed, and the device is the one that got the successor.
func (s *Sessions) raced(tx *db.TenantTx, held *heldSession, cred secret.Credential, device []byte) bool {
	return held.RefreshGeneration == int64(cred.Generation)+1 &&
		tx.Now.Sub(held.RefreshedAt) <= s.grace &&
		secret.Equal(held.DeviceHash, device)
}

// endFamily revokes the session whose replaced token came back. Two hold it; which of them is the thief cannot be known.
func (s *Sessions) endFamily(ctx context.Context, tx *db.TenantTx, held *heldSession, cred secret.Credential) error {
	if _, err := end(tx, ReasonReused, "id = ?", held.ID); err != nil {
		return err
	}
	err := events.Record(ctx, tx, events.RefreshReused, held.ID, events.Data{
		"membership": held.MembershipID, "generation": cred.Generation, "current_generation": held.RefreshGeneration,
	})
	if err != nil {
		return err
	}
	if err := s.stolen(ctx, tx, held.MembershipID); err != nil {
		return err
	}
	return db.Keep(ErrReused)
}

// move is one step of a session: the next token, and from where it was asked for.
type move struct {
	token  secret.Credential
	hash   []byte
	device []byte
	origin authn.Origin
}

// The device follows the session, since browsers change their name with every update. A thief who refreshes first so becomes the device,
// and the owner's next request, however soon, ends the session.
const advanceSQL = `WITH moved AS (
  UPDATE sessions SET refresh_generation = @next, refreshed_at = @now, last_seen_at = @now, device_hash = @device, user_agent = @agent,
    address = @address
  WHERE tenant_id = @tenant AND id = @session
  RETURNING tenant_id, id)
INSERT INTO refresh_tokens (tenant_id, session_id, generation, hash, created_at) SELECT tenant_id, id, @next, @hash, @now FROM moved`

// advance is called with the session locked.
func advance(tx *db.TenantTx, session id.Session, m move) error {
	err := tx.DB.Exec(advanceSQL, map[string]any{
		"tenant": tx.Tenant, "session": session, "next": int64(m.token.Generation), "now": tx.Now, "device": m.device, "hash": m.hash,
		"agent": shown(m.origin.UserAgent, 256), "address": shown(m.origin.Address, 64),
	}).Error
	if err != nil {
		return fmt.Errorf("advance a session: %w", err)
	}
	return nil
}

// pair is what a new pair of tokens is made of beside its claims.
type pair struct {
	refresh   secret.Credential
	limits    limits
	refreshed time.Time
}

func (s *Sessions) issue(tx *db.TenantTx, c Claims, p pair) (Issued, error) {
	key := s.keys.signer(tx.Now)
	if key == nil {
		return Issued{}, errNoKey
	}
	c.IssuedAt, c.Expires = tx.Now, p.limits.access(tx.Now)
	access, err := s.access.mint(c, key)
	if err != nil {
		return Issued{}, err
	}
	if len(access) > maxToken {
		return Issued{}, fmt.Errorf("the access token has %d bytes", len(access))
	}
	return Issued{
		Session: c.Session, Tenant: c.Tenant, At: tx.Now, Access: access, AccessExpires: c.Expires,
		Refresh: p.refresh.String(), RefreshExpires: p.limits.end(p.refreshed),
	}, nil
}
