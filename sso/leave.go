package sso

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Leave signs a person out: their session ends first, whatever comes after. If the provider that made it can end its own session too, the
// browser goes there next; the zero Redirect means that it stays.
func (s *SignIn) Leave(ctx context.Context, p *authn.Principal) (Redirect, error) {
	err := s.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error {
		return sessions.Revoke(ctx, tx, p.Session, p.Membership, sessions.ReasonSignedOut)
	})
	if err != nil {
		return Redirect{}, err
	}
	to, err := s.onward(ctx, p)
	if err != nil { // who wanted to leave has left
		s.log.LogAttrs(ctx, slog.LevelWarn, "no sign-out at the provider", slog.String("connection", p.Connection.String()), slog.Any("error", err))
		return Redirect{}, nil
	}
	return to, nil
}

// onward is the way to the provider of a session that has ended.
func (s *SignIn) onward(ctx context.Context, p *authn.Principal) (Redirect, error) {
	if p.Method != MethodSAML && p.Method != MethodOIDC || p.ActingFor != (id.User{}) {
		return Redirect{}, nil
	}
	state := newState(p.Tenant)
	var a Attempt
	var who Leaving
	err := s.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error {
		made, err := madeWith(ctx, tx, p.Session)
		if err != nil {
			return err
		}
		c, err := ConnectionByID(ctx, tx, made.ConnectionID)
		if err != nil {
			return err
		}
		if !c.Status.Open() || c.Issuer != made.Issuer { // the provider of today never made it
			return nil
		}
		who = Leaving{NameID: or(made.NameID, made.Subject), NameIDFormat: made.SubjectFormat, Session: made.IdPSession}
		a, err = s.parting(ctx, tx, c)
		return err
	})
	if err != nil {
		return Redirect{}, err
	}
	leaver, ok := s.providers[a.Connection.Protocol].(Leaver)
	if !ok {
		return Redirect{}, nil
	}
	a.State, a.RequestID = state, s.logoutID(state)
	to, err := leaver.AskLogout(a, who)
	if err != nil || to.URL == "" {
		return Redirect{}, err
	}
	return Redirect{
		URL: to.URL, Form: to.Form, CookieName: CookieName(state), CookieValue: s.leaveCookie(a.Connection.ID, state, a.Now),
		MaxAge: attemptLifetime,
	}, nil
}

// origin is what a session was made with.
type origin struct {
	ConnectionID    id.Connection
	Issuer          string
	Subject, NameID string
	SubjectFormat   string
	IdPSession      string `gorm:"column:idp_session"`
}

func madeWith(ctx context.Context, tx *db.TenantTx, session id.Session) (origin, error) {
	var rows []origin
	err := tx.DB.WithContext(ctx).Raw(`SELECT connection_id, issuer, subject, name_id, subject_format, idp_session FROM sessions
		WHERE tenant_id = ? AND id = ?`, tx.Tenant, session).Scan(&rows).Error
	if err != nil {
		return origin{}, fmt.Errorf("load session %s: %w", session, err)
	}
	if len(rows) == 0 {
		return origin{}, errs.NotFound("session")
	}
	return rows[0], nil
}

// logoutID is the ID of the LogoutRequest of a state.
func (s *SignIn) logoutID(state string) string {
	mac := s.pepper.MAC("logout request", []byte(state))
	return "_" + hex.EncodeToString(mac[:20])
}

// leaveCookie binds a state to the browser that leaves, and to the moment. Nothing is stored until it comes back: it opens nothing, it only
// proves that somebody here wanted to leave.
func (s *SignIn) leaveCookie(c id.Connection, state string, at time.Time) string {
	began := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	connection := c.Bytes()
	mac := s.pepper.MAC("logout browser", connection[:], []byte(state), began)
	return base64.RawURLEncoding.EncodeToString(append(began, mac[:]...))
}

// leftWith says that the browser has the cookie of a state, and left a short while ago.
func (s *SignIn) leftWith(r *http.Request, c id.Connection, state string, now time.Time) bool {
	cookies := r.CookiesNamed(CookieName(state))
	if len(cookies) != 1 {
		return false
	}
	value, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil || len(value) < 8 {
		return false
	}
	began := time.Unix(int64(binary.BigEndian.Uint64(value)), 0) // the comparison below proves that it was ours
	return secret.Equal(cookies[0].Value, s.leaveCookie(c, state, began)) && now.Before(began.Add(attemptLifetime))
}
