package sessions

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Start is a sign-in that was proven. AuthTime is when the provider saw the person; zero means now.
type Start struct {
	Tenant     tenants.Tenant
	Policy     tenants.Policy
	Membership tenants.Membership

	Method          string // oidc, saml, google or link
	Connection      id.Connection
	Issuer, Subject string
	SubjectFormat   string // of a SAML NameID
	NameID          string // as the provider spells it, for our log-out messages; "" if Subject is that spelling
	IdPSession      string // the provider's own name of its session, for its log-out messages
	AuthTime        time.Time
	AMR             []string
	// NotAfter is when the provider's own session ends, which no session of ours outlives; zero if it does not say.
	NotAfter time.Time

	Actor, ActingFor id.User
}

const startSQL = `WITH started AS (
  INSERT INTO sessions (tenant_id, id, membership_id, user_id, method, connection_id, issuer, subject, subject_format, name_id, idp_session, auth_time, amr,
    actor, acting_for, device_hash, user_agent, address, created_at, last_seen_at, idle_seconds, expires_at, refresh_generation, refreshed_at)
  VALUES (@tenant, @session, @membership, @user, @method, @connection, @issuer, @subject, @format, @name, @idp, @auth_time, @amr,
    @actor, @acting_for, @device, @agent, @address, @now, @now, @idle, @expires, 1, @now)
  RETURNING tenant_id, id)
INSERT INTO refresh_tokens (tenant_id, session_id, generation, hash, created_at) SELECT tenant_id, id, 1, @hash, @now FROM started`

// Start makes a session and its first tokens. It refuses a member, a tenant or a method that Refresh would refuse, and ends no other
// session. The event is the caller's, who knows what it was: a sign-in, a switch of tenant.
func (s *Sessions) Start(ctx context.Context, tx *db.TenantTx, in Start) (Issued, error) {
	if in.Tenant.ID != tx.Tenant || tx.Tenant == id.Installation {
		return Issued{}, errors.New("start a session: the tenant is not the one of the scope")
	}
	now := standing{
		Role: in.Membership.Role, MemberStatus: in.Membership.Status, TenantStatus: in.Tenant.Status, Plan: in.Tenant.Plan,
		RequireSSO: in.Policy.RequireSSO, GoogleEnabled: in.Policy.GoogleEnabled,
	}
	if err := now.admits(in.Method); err != nil {
		return Issued{}, err
	}
	if in.AuthTime.IsZero() || in.AuthTime.After(tx.Now) { // a provider's clock may be ahead: it must not make step-up last longer
		in.AuthTime = tx.Now
	}
	session := id.New[id.Session]()
	ends := limits{in.Policy.SessionIdle, tx.Now.Add(time.Duration(in.Policy.SessionAbsolute) * time.Second)}
	if !in.NotAfter.IsZero() && in.NotAfter.Before(ends.ExpiresAt) {
		ends.ExpiresAt = in.NotAfter
	}
	token := s.refresh.first(tx.Tenant, session)
	origin := authn.OriginFrom(ctx)
	amr := references(in.AMR).bounded()
	err := tx.DB.Exec(startSQL, map[string]any{
		"tenant": tx.Tenant, "session": session, "membership": in.Membership.ID, "user": in.Membership.UserID, "method": in.Method,
		"connection": in.Connection, "issuer": in.Issuer, "subject": in.Subject, "format": in.SubjectFormat, "name": in.NameID,
		"idp": in.IdPSession, "auth_time": in.AuthTime, "amr": amr, "actor": in.Actor, "acting_for": in.ActingFor, "device": s.refresh.device(origin.UserAgent), "agent": shown(origin.UserAgent, 256),
		"address": shown(origin.Address, 64), "now": tx.Now, "idle": ends.IdleSeconds, "expires": ends.ExpiresAt, "hash": s.refresh.hash(token),
	}).Error
	if err != nil {
		return Issued{}, fmt.Errorf("start a session: %w", err)
	}
	return s.issue(tx, Claims{
		Tenant: tx.Tenant, User: in.Membership.UserID, Membership: in.Membership.ID, Session: session, Role: now.Role,
		Plan: now.Plan, Method: in.Method, AMR: amr, AuthTime: in.AuthTime, Actor: in.Actor, ActingFor: in.ActingFor,
	}, pair{token, ends, tx.Now})
}

// references are authentication methods (RFC 8176). A provider may send what it likes; an access token has to fit into a cookie.
type references []string

// referenceGrammar has no space: snapshots join the references with one.
var referenceGrammar = regexp.MustCompile(`^[!-~]+$`)

func (r references) bounded() references {
	var short references
	for _, ref := range r {
		if len(ref) <= 32 && referenceGrammar.MatchString(ref) && len(short) < 8 {
			short = append(short, ref)
		}
	}
	return short
}

// Value implements driver.Valuer; the driver writes the slice as an array.
func (r references) Value() (driver.Value, error) {
	if r == nil {
		return []string{}, nil
	}
	return []string(r), nil
}

// shown is a text of the client as it can be stored: at most n bytes, and none that text cannot hold. A header may hold any.
func shown(s string, n int) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.ToValidUTF8(s[:min(n, len(s))], "")
}
