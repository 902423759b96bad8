package sso

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Leaver is a [Provider] that can end the person's session at the provider through the browser.
type Leaver interface {
	// AskLogout says where the browser goes after the session here has ended. A.RequestID is the ID of the message, a.State comes back with
	// the browser, to a.LogoutURI. The zero Departure means that the connection's provider has no such place.
	AskLogout(a Attempt, who Leaving) (Departure, error)
}

// Leaving is whose session has ended, in the words of the provider.
type Leaving struct{ NameID, NameIDFormat, Session string }

// SingleLogout is a [Provider] that takes logout messages from the browser.
type SingleLogout interface {
	// ReadLogout proves a message of the connection's provider that the browser brought to a.LogoutURI.
	ReadLogout(ctx context.Context, r *http.Request, a Attempt) (Logout, error)
	// AnswerLogout makes the answer to a request that was obeyed. The zero Departure means that the provider takes none.
	AnswerLogout(a Attempt, to Logout) (Departure, error)
}

// BackChannel is a [Provider] that takes logout messages from the provider's server.
type BackChannel interface {
	// ReadLogoutToken proves a logout token.
	ReadLogoutToken(ctx context.Context, token string, a Attempt) (Logout, error)
}

// Logout is a message about the end of sessions, which was proven to come from a connection's provider.
type Logout struct {
	// ID must not be accepted a second time until then.
	ID    string
	Until time.Time
	// Subject and IdPSessions are whose sessions have ended: if both are given, only those to which both apply.
	Subject        string
	SubjectFormats []string // spellings of one format
	IdPSessions    []string
	// Answers is the request of ours that the message answers; "" for one that asks.
	Answers string
	// RelayState and Binding are how it came, and how its answer goes.
	RelayState, Binding string
	// Legacy names the legacy switches that it needed.
	Legacy []string
}

// ErrLogout refuses a logout message. It does not say why: nobody but the provider has to send one.
var ErrLogout = errs.New(errs.BadRequest, "logout_refused", "This logout message cannot be used.")

// refuseLogout logs why a message was refused, and gives one answer for everything that is the sender's fault.
func (s *SignIn) refuseLogout(ctx context.Context, c id.Connection, err error) error {
	if err == nil || ReasonOf(err) == Broken && errs.CodeOf(err) != ErrLogout.Code {
		return err
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "logout refused", slog.String("reason", errs.CodeOf(err)), slog.String("connection", c.String()))
	if ReasonOf(err) == SSOBusy {
		return err
	}
	return ErrLogout.Because(err)
}

// connectionFor finds a connection by its id alone, for a message that no browser of ours began.
func (s *SignIn) connectionFor(ctx context.Context, which id.Connection, protocol string) (id.Tenant, Attempt, error) {
	tenant, err := s.tenantOfConnection(ctx, which)
	if err != nil {
		return tenant, Attempt{}, err
	}
	var a Attempt
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		c, err := ConnectionByID(ctx, tx, which)
		if errs.As(err).Kind == errs.Missing || err == nil && c.Protocol != protocol {
			return ErrLogout
		}
		if err != nil {
			return err
		}
		a, err = s.parting(ctx, tx, c)
		return err
	})
	return tenant, a, err
}

// parting is the provider's view of a logout.
func (s *SignIn) parting(ctx context.Context, tx *db.TenantTx, c Connection) (a Attempt, err error) {
	a = Attempt{Connection: c, EntityID: s.EntityID(c.ID), LogoutURI: s.LoggedOutURL(c.ID), Now: tx.Now}
	if c.Protocol == ProtocolSAML {
		a.LogoutURI = s.LogoutURL(c.ID)
		a.Keys, err = s.keysOf(ctx, tx, c.ID)
	}
	return a, err
}

// obey ends the sessions that a message names, of those that its connection made, and uses the message up.
func (s *SignIn) obey(ctx context.Context, tenant id.Tenant, c Connection, m Logout) error {
	return s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		first, err := useOnce(ctx, tx, c.ID, "logout "+m.ID, m.Until)
		if err != nil {
			return err
		}
		if !first {
			return Refuse(AssertionReplayed)
		}
		if len(m.Legacy) > 0 {
			if err := events.Record(ctx, tx, events.ConnectionLegacyUsed, c.ID, events.Data{"switches": m.Legacy, "purpose": "logout"}); err != nil {
				return err
			}
		}
		_, err = sessions.RevokeEnded(ctx, tx, sessions.Ended{
			Connection: c.ID, Issuer: c.Issuer, Subject: m.Subject, SubjectFormats: m.SubjectFormats, IdPSessions: m.IdPSessions,
		})
		return err
	})
}
