package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// liveSession is what is asked of the session that a link, a test or a reauthentication belongs to.
type liveSession struct {
	MembershipID id.Membership
	Method       string
	ConnectionID id.Connection
	Issuer       string
	Subject      string
}

// stillLive finds the session that an attempt was started from, and its member. One that has ended meanwhile ends the attempt too.
func stillLive(ctx context.Context, tx *db.TenantTx, rec Record) (liveSession, tenants.Membership, error) {
	var rows []liveSession
	err := tx.DB.WithContext(ctx).Raw(`SELECT membership_id, method, connection_id, issuer, subject FROM sessions
		WHERE tenant_id = ? AND id = ? AND user_id = ? AND revoked_at IS NULL AND expires_at > ?
		  AND refreshed_at + make_interval(secs => idle_seconds) > ? FOR UPDATE`,
		tx.Tenant, rec.SessionID, rec.UserID, tx.Now, tx.Now).Scan(&rows).Error
	if err != nil {
		return liveSession{}, tenants.Membership{}, fmt.Errorf("load session %s: %w", rec.SessionID, err)
	}
	if len(rows) == 0 {
		return liveSession{}, tenants.Membership{}, Refuse(SessionEnded)
	}
	m, err := tenants.Member(ctx, tx, rows[0].MembershipID)
	if err != nil {
		return liveSession{}, m, Refuse(SessionEnded).Because(err)
	}
	return rows[0], m, standing(m)
}

// finishReauth lets the session count as proven just now, if the same identity was proven again and is still the person's.
func (s *SignIn) finishReauth(ctx context.Context, b back) error {
	who := b.who
	return s.db.Admit(ctx, b.tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if err := unchanged(ctx, tx, b); err != nil {
			return err
		}
		if err := firstUse(ctx, tx, b); err != nil {
			return err
		}
		session, m, err := stillLive(ctx, tx, b.record)
		if err != nil {
			return err
		}
		theirs, err := session.stillTheirs(ctx, sys, m.UserID)
		if err != nil {
			return err
		}
		if !theirs || session.ConnectionID != b.record.ConnectionID || session.Issuer != who.Issuer || session.Subject != who.Subject {
			return Refuse(IdentityMismatch)
		}
		if err := renew(ctx, tx, b.record.SessionID, who); err != nil {
			return err
		}
		if err := legacyUsed(ctx, tx, b, m); err != nil {
			return err
		}
		if err := settle(ctx, tx.DB, tx.Now, tx.Tenant, b.record.ID, b.success(m)); err != nil {
			return err
		}
		return events.Record(as(ctx, m), tx, events.SignInSucceeded, m.ID, events.Data{
			"method": session.Method, "connection": b.record.ConnectionID, "session": b.record.SessionID, "attempt": b.record.ID,
			"purpose": ForReauth,
		})
	})
}

// renew moves the time at which a session's person was last seen by their provider.
func renew(ctx context.Context, tx *db.TenantTx, session id.Session, who Identity) error {
	seen := who.AuthTime
	if seen.IsZero() || seen.After(tx.Now) {
		seen = tx.Now
	}
	amr, err := json.Marshal(append([]string{}, who.AMR...))
	if err != nil {
		return fmt.Errorf("encode amr: %w", err)
	}
	err = tx.DB.WithContext(ctx).Exec(`UPDATE sessions SET auth_time = ?, amr = ARRAY(SELECT jsonb_array_elements_text(?::jsonb))
		WHERE tenant_id = ? AND id = ?`, seen, string(amr), tx.Tenant, session).Error
	if err != nil {
		return fmt.Errorf("renew session %s: %w", session, err)
	}
	tx.Changed("session", session)
	return nil
}

// endSessions ends what a connection has made, when it is no longer the one that made it.
func endSessions(ctx context.Context, tx *db.TenantTx, c id.Connection) error {
	_, err := sessions.RevokeByConnection(ctx, tx, c, sessions.ReasonConnection)
	return err
}

// seenLately says whether a time of authentication is recent enough.
func seenLately(seen, now time.Time) bool { return now.Sub(seen) <= fresh }
