package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Refusals of an authenticated caller. The codes are also clauses of a decision.
var (
	ErrSessionRevoked  = errs.New(errs.Unauthenticated, "session_revoked", "This session has ended. Sign in again.")
	ErrSessionExpired  = errs.New(errs.Unauthenticated, "session_expired", "This session has expired. Sign in again.")
	ErrTenantSuspended = errs.New(errs.Forbidden, "tenant_suspended", "This organization is suspended.")
	ErrMemberSuspended = errs.New(errs.Forbidden, "member_suspended", "Your membership is suspended.")
	ErrNoMembership    = errs.New(errs.Forbidden, "no_membership", "You are not a member of this organization.")
	ErrSSORequired     = errs.New(errs.Forbidden, "sso_required", "This organization requires single sign-on.")
	ErrMethodDisabled  = errs.New(errs.Forbidden, "method_disabled", "This organization does not allow this way of signing in.")
	ErrKeyInvalid      = errs.New(errs.Unauthenticated, "api_key_invalid", "This API key cannot be used.")
)

type session struct {
	membership         id.Membership
	user               id.User
	method             string
	connection         id.Connection
	authTime           time.Time
	amr                []string
	actor, actingFor   id.User
	idleUntil, expires time.Time
	revoked            bool
	version            int64
}

func (v *session) dated() int64 { return v.version }

// Session returns the principal of a session. Errors of kind Forbidden come with the principal, so that a decision can say which clause
// refused; errors of kind Unauthenticated come without.
func (s *Store) Session(ctx context.Context, tenant id.Tenant, sid id.Session) (*authn.Principal, error) {
	return current(ctx, s, tenant, func(p proof) (*authn.Principal, error) { return s.session(ctx, p, tenant, sid) })
}

func (s *Store) session(ctx context.Context, known proof, tenant id.Tenant, sid id.Session) (*authn.Principal, error) {
	named := sessionKey{tenant, sid}
	v, ok := s.heldSession(known, named)
	now := s.moment(known.found)
	if !ok {
		s.stats.Misses.Add(1)
		var err error
		v, err = s.loads.sessions.join(ctx, s, known, tenant, named, func(l load) (*session, error) { return s.loadSession(ctx, l, named) })
		if err != nil {
			return nil, err
		}
		now = s.Now()
	}
	if !v.revoked && !now.Before(v.idleUntil) && now.Before(v.expires) && ok {
		// A refresh moves the idle limit without an announcement, which every five minutes of every session would be: look again.
		var err error
		if v, err = s.loadSession(ctx, s.begin(tenant), named); err != nil {
			return nil, err
		}
	}
	if v.revoked {
		return nil, ErrSessionRevoked
	}
	if !now.Before(v.expires) || !now.Before(v.idleUntil) {
		return nil, ErrSessionExpired
	}
	t, err := s.tenant(ctx, known, tenant)
	if err != nil {
		return nil, gone(err)
	}
	m, err := s.member(ctx, known, tenant, v.membership)
	if err != nil {
		return nil, err
	}
	p := &authn.Principal{
		Kind: authn.Member, Tenant: tenant, User: v.user, Membership: v.membership, Session: sid, Role: string(m.role), Plan: string(t.plan(now)),
		Email: m.email, Name: m.name, Method: v.method, Connection: v.connection, AuthTime: v.authTime, AMR: v.amr,
		Actor: v.actor, ActingFor: v.actingFor, Held: t,
	}
	return p, standing(t, &m, v.method)
}

// standing says whether a member may use the tenant at all, and by this way of signing in.
func standing(t *Tenant, m *member, method string) error {
	if err := presence(t, m); err != nil {
		return err
	}
	switch {
	case t.Policy.Allows(method, m.role):
		return nil
	case t.Policy.RequireSSO:
		return ErrSSORequired
	}
	return ErrMethodDisabled
}

// presence says whether a member may use the tenant at all.
func presence(t *Tenant, m *member) error {
	switch {
	case t.Status != tenants.StatusActive:
		return ErrTenantSuspended
	case m.status == tenants.MemberSuspended:
		return ErrMemberSuspended
	case m.status != tenants.MemberActive:
		return ErrNoMembership
	}
	return nil
}

// gone turns a tenant that no longer exists into a session that no longer does.
func gone(err error) error {
	if errs.As(err).Kind == errs.Missing {
		return ErrSessionRevoked.Because(err)
	}
	return err
}

// loadSessionSQL fills three snapshots at once, so that a cold caller costs one statement.
const loadSessionSQL = `
SELECT s.membership_id, s.user_id, s.method, s.connection_id, s.auth_time, array_to_string(s.amr, ' ') AS amr, s.actor, s.acting_for,
       s.refreshed_at + make_interval(secs => s.idle_seconds) AS idle_until, s.expires_at AS expires, s.revoked_at IS NOT NULL AS revoked,
       m.role AS m_role, m.status AS m_status, m.email AS m_email, m.name AS m_name,` + tenantColumns + `
FROM sessions s
JOIN memberships m ON m.tenant_id = s.tenant_id AND m.id = s.membership_id
JOIN tenants t ON t.id = s.tenant_id
JOIN tenant_state p ON p.tenant_id = s.tenant_id
WHERE s.tenant_id = ? AND s.id = ?`

type sessionRow struct {
	MembershipID       id.Membership
	UserID             id.User
	Method             string
	ConnectionID       id.Connection
	AuthTime           time.Time
	AMR                string
	Actor, ActingFor   id.User
	IdleUntil, Expires time.Time
	Revoked            bool
	Member             memberRow `gorm:"embedded;embeddedPrefix:m_"`
	Tenant             tenantRow `gorm:"embedded"`
}

func (s *Store) heldSession(p proof, named sessionKey) (*session, bool) {
	sh := s.shardOf(named.tenant)
	e := sh.sessions.find(hashOf(named.session.Bytes()), named)
	if e == nil || !p.vouches(e.V.version) {
		return nil, false
	}
	sh.hits.Add(1)
	return e.V, true
}

func (s *Store) loadSession(ctx context.Context, l load, named sessionKey) (*session, error) {
	var rows []sessionRow
	err := s.db.Tenant(ctx, named.tenant, func(tx *db.TenantTx) error {
		if err := tx.DB.Raw(loadSessionSQL, named.tenant, named.session).Scan(&rows).Error; err != nil {
			return fmt.Errorf("load session: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrSessionRevoked
	}
	r := rows[0]
	v := &session{
		r.MembershipID, r.UserID, r.Method, r.ConnectionID, r.AuthTime.UTC(), strings.Fields(r.AMR), r.Actor, r.ActingFor,
		r.IdleUntil, r.Expires, r.Revoked, r.Tenant.Policy.Version,
	}
	s.keepSession(l, named, v)
	s.keepMember(l, named.tenant, r.MembershipID, r.Member.snapshot(v.version))
	if r.Tenant.Tenant.Status != tenants.StatusDeleted {
		t, err := s.snapshot(r.Tenant, named.tenant)
		if err != nil {
			return nil, err
		}
		s.catchUp(ctx, t)
		s.keepTenant(l, t)
	}
	return v, nil
}

func (s *Store) keepSession(l load, named sessionKey, v *session) {
	makeRoom(s, &s.sessions, func(sh *shard) *index[sessionKey, *session] { return &sh.sessions },
		func(sh *shard, e *item[sessionKey, *session]) int { return sh.sessions.remove(e.hash, e.key) })
	l.keep(func(sh *shard) {
		s.sessions.add(sh.sessions.put(&item[sessionKey, *session]{key: named, hash: hashOf(named.session.Bytes()), V: v}))
	})
}

func (s *Store) dropSession(named sessionKey) {
	s.drop(named.tenant, func(sh *shard) { s.sessions.add(-sh.sessions.remove(hashOf(named.session.Bytes()), named)) })
}
