package sessions

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// heldSession is a session, locked, with the stored hash of the presented generation and everything that decides whether it may go on.
type heldSession struct {
	ID                id.Session
	MembershipID      id.Membership
	UserID            id.User
	Method            string
	AuthTime          time.Time
	AMR               json.RawMessage `gorm:"column:amr"`
	Actor             id.User
	ActingFor         id.User
	DeviceHash        []byte
	RefreshGeneration int64
	RefreshedAt       time.Time
	RevokedAt         *time.Time
	Hash              []byte
	Limits            limits   `gorm:"embedded"`
	Standing          standing `gorm:"embedded"`
}

// Of requests with the same token one gets the lock; the others see what it wrote.
const holdSQL = `SELECT s.id, s.membership_id, s.user_id, s.method, s.auth_time, to_json(s.amr) AS amr, s.actor, s.acting_for, s.device_hash,
  s.refresh_generation, s.refreshed_at, s.revoked_at, s.idle_seconds, s.expires_at, r.hash,
  m.role, m.status AS member_status, t.status AS tenant_status, t.plan, p.require_sso, p.google_enabled
FROM sessions s
JOIN refresh_tokens r ON r.tenant_id = s.tenant_id AND r.session_id = s.id
JOIN memberships m ON m.tenant_id = s.tenant_id AND m.id = s.membership_id
JOIN tenants t ON t.id = s.tenant_id
JOIN tenant_state p ON p.tenant_id = s.tenant_id
WHERE s.tenant_id = @tenant AND s.id = @session AND r.generation = @generation
FOR UPDATE OF s`

// hold returns nil when there is no such session, or no such generation of it.
func hold(tx *db.TenantTx, cred secret.Credential) (*heldSession, error) {
	var rows []heldSession
	err := tx.DB.Raw(holdSQL, map[string]any{
		"tenant": tx.Tenant, "session": id.From[id.Session](cred.ID), "generation": int64(cred.Generation),
	}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("hold a session: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // nothing held is an answer
	}
	return &rows[0], nil
}

func (h *heldSession) claims(tenant id.Tenant) (Claims, error) {
	c := Claims{
		Tenant: tenant, User: h.UserID, Membership: h.MembershipID, Session: h.ID, Role: h.Standing.Role, Plan: h.Standing.Plan, Method: h.Method,
		AuthTime: h.AuthTime, Actor: h.Actor, ActingFor: h.ActingFor,
	}
	if err := json.Unmarshal(h.AMR, &c.AMR); err != nil {
		return Claims{}, fmt.Errorf("read the authentication methods of a session: %w", err)
	}
	return c, nil
}
