package sessions

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Reason is why a session was ended.
type Reason string

// The reasons.
const (
	ReasonSignedOut  Reason = "signed_out"
	ReasonRevoked    Reason = "revoked"           // by its owner, from another session
	ReasonAdmin      Reason = "revoked_by_admin"  // by somebody else of the tenant
	ReasonConnection Reason = "connection_closed" // the connection that made it is disabled or deleted
	ReasonReused     Reason = "refresh_reused"
	ReasonReplaced   Reason = "replaced" // by another sign-in in the same browser
	ReasonUnlinked   Reason = "identity_unlinked"
	ReasonProvider   Reason = "idp_logout" // its provider says that its own session is over
)

// Revoke ends one session. With an owner it must be that member's; with the zero id it may be anybody's in the tenant, which only an
// administrator may ask for. Another's session is errs.NotFound. Ending it a second time changes and records nothing.
func Revoke(ctx context.Context, tx *db.TenantTx, session id.Session, owner id.Membership, reason Reason) error {
	q := db.Of[Session](tx.DB).Where("id = ?", session)
	if !owner.IsZero() {
		q = q.Where("membership_id = ?", owner)
	}
	found, err := q.First(ctx)
	if db.IsMissing(err) {
		return errs.NotFound("session")
	}
	if err != nil {
		return fmt.Errorf("load a session: %w", err)
	}
	ended, err := end(tx, reason, "id = ?", session)
	if err != nil || len(ended) == 0 {
		return err
	}
	typ := events.SessionRevoked
	if reason == ReasonSignedOut {
		typ = events.SessionSignedOut
	}
	return events.Record(ctx, tx, typ, session, events.Data{"membership": found.MembershipID, "reason": reason})
}

// RevokeAll ends all sessions of a membership but one, which may be the zero id, and says how many.
func RevokeAll(ctx context.Context, tx *db.TenantTx, membership id.Membership, except id.Session, reason Reason) (int, error) {
	var ended []id.Session
	var err error
	if except.IsZero() {
		ended, err = end(tx, reason, "membership_id = ?", membership)
	} else {
		ended, err = end(tx, reason, "membership_id = ? AND id <> ?", membership, except)
	}
	if err != nil {
		return 0, err
	}
	// Recorded also when there were none: that somebody wanted all of them gone is worth knowing.
	return len(ended), events.Record(ctx, tx, events.SessionsRevoked, membership, events.Data{"count": len(ended), "reason": reason})
}

// RevokeByConnection ends all sessions that a connection made, and says how many. With none there is no event: the change of the
// connection has its own.
func RevokeByConnection(ctx context.Context, tx *db.TenantTx, connection id.Connection, reason Reason) (int, error) {
	ended, err := end(tx, reason, "connection_id = ?", connection)
	if err != nil || len(ended) == 0 {
		return 0, err
	}
	return len(ended), events.Record(ctx, tx, events.SessionsRevoked, connection, events.Data{"count": len(ended), "reason": reason})
}

// Proof is what a member's sessions were made with: one identity at a provider.
type Proof struct {
	Connection      id.Connection
	Issuer, Subject string
}

// RevokeByProof ends the sessions of the caller that an identity made, but not the one that asks. With none there is no event: taking the
// identity away has its own.
func RevokeByProof(ctx context.Context, tx *db.TenantTx, p Proof, reason Reason) (int, error) {
	caller := authn.From(ctx)
	ended, err := end(tx, reason, "membership_id = ? AND connection_id = ? AND issuer = ? AND subject = ? AND id <> ?",
		caller.Membership, p.Connection, p.Issuer, p.Subject, caller.Session)
	if err != nil || len(ended) == 0 {
		return 0, err
	}
	return len(ended), events.Record(ctx, tx, events.SessionsRevoked, caller.Membership, events.Data{"count": len(ended), "reason": reason})
}

// announced is how many sessions one notification names; Postgres takes 8000 bytes.
const announced = 100

// end revokes the sessions of the tenant that match and were not revoked yet, and tells every instance. The condition is a constant.
func end(tx *db.TenantTx, reason Reason, condition string, args ...any) ([]id.Session, error) {
	var ended []id.Session
	err := tx.DB.Raw("UPDATE sessions SET revoked_at = ?, revoke_reason = ? WHERE tenant_id = ? AND revoked_at IS NULL AND "+condition+
		" RETURNING id", append([]any{tx.Now, reason, tx.Tenant}, args...)...).Scan(&ended).Error
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	for chunk := range slices.Chunk(ended, announced) {
		names := make([]interface{ String() string }, len(chunk))
		for i, session := range chunk {
			names[i] = session
		}
		tx.Changed("session", names...)
	}
	return ended, nil
}
