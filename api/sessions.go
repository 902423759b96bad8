package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type sessionOut struct {
	ID         id.Session    `json:"id"`
	Current    bool          `json:"current"`
	Method     string        `json:"method" enum:"oidc,google,link" doc:"How the person signed in"`
	Connection id.Connection `json:"connection_id,omitzero"`
	UserAgent  string        `json:"user_agent"`
	Address    string        `json:"address"`
	AuthTime   time.Time     `json:"auth_time"`
	CreatedAt  time.Time     `json:"created_at"`
	LastSeenAt time.Time     `json:"last_seen_at"`
	ExpiresAt  time.Time     `json:"expires_at"`
}

type sessionsOut struct {
	Items []sessionOut `json:"items"`
}

func sessionsOf(ctx context.Context, tx *db.TenantTx, m id.Membership) (sessionsOut, error) {
	rows, err := sessions.List(ctx, tx, m)
	out := sessionsOut{Items: make([]sessionOut, 0, len(rows))}
	own := authn.From(ctx).Session
	for _, s := range rows {
		out.Items = append(out.Items, sessionOut{
			s.ID, s.ID == own, s.Method, s.ConnectionID, s.UserAgent, s.Address, s.AuthTime, s.CreatedAt, s.LastSeenAt, s.ExpiresAt,
		})
	}
	return out, err
}

func (a *API) mySessions(ctx context.Context, tx *db.TenantTx, _ web.None) (sessionsOut, error) {
	return sessionsOf(ctx, tx, authn.From(ctx).Membership)
}

func (a *API) memberSessions(ctx context.Context, tx *db.TenantTx, in memberIn) (sessionsOut, error) {
	if _, err := tenants.Member(ctx, tx, in.Member); err != nil {
		return sessionsOut{}, err
	}
	return sessionsOf(ctx, tx, in.Member)
}

type revokedOut struct {
	Revoked int `json:"revoked"`
}

func (a *API) revokeMySessions(ctx context.Context, tx *db.TenantTx, _ web.None) (revokedOut, error) {
	p := authn.From(ctx)
	n, err := sessions.RevokeAll(ctx, tx, p.Membership, p.Session, sessions.ReasonRevoked)
	return revokedOut{n}, err
}

type sessionIn struct {
	Session id.Session `path:"session" json:"-"`
}

func (a *API) revokeMySession(ctx context.Context, tx *db.TenantTx, in sessionIn) (web.None, error) {
	return web.None{}, sessions.Revoke(ctx, tx, in.Session, authn.From(ctx).Membership, sessions.ReasonRevoked)
}

// revokeMemberSessions is held to the same order of roles as every other change to a member.
func (a *API) revokeMemberSessions(ctx context.Context, tx *db.TenantTx, in memberIn) (revokedOut, error) {
	m, err := tenants.Member(ctx, tx, in.Member)
	if err != nil {
		return revokedOut{}, err
	}
	if err := tenants.MayChange(ctx, tx, m); err != nil {
		return revokedOut{}, err
	}
	n, err := sessions.RevokeAll(ctx, tx, m.ID, id.Session{}, sessions.ReasonAdmin)
	return revokedOut{n}, err
}
