package sso

import (
	"context"
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Parted is what came of a logout message that a browser brought.
type Parted struct {
	// Departure brings the answer to the provider; the zero Departure means that there is none to bring.
	Departure Departure
	// State names the cookie of a sign-out that ends here; "" if it began at the provider.
	State string
}

// SingleLogout takes a message of a connection's SAML provider. A request ends the sessions that it names and is answered; an answer has
// to belong to a sign-out that this browser began. All refusals are [ErrLogout], but for sso_busy.
func (s *SignIn) SingleLogout(ctx context.Context, r *http.Request, connection id.Connection) (Parted, error) {
	parted, err := s.singleLogout(ctx, r, connection)
	return parted, s.refuseLogout(ctx, connection, err)
}

func (s *SignIn) singleLogout(ctx context.Context, r *http.Request, connection id.Connection) (Parted, error) {
	provider, ok := s.providers[ProtocolSAML].(SingleLogout)
	if !ok {
		return Parted{}, ErrLogout
	}
	tenant, a, err := s.connectionFor(ctx, connection, ProtocolSAML)
	if err != nil {
		return Parted{}, err
	}
	m, err := provider.ReadLogout(ctx, r, a)
	if err != nil {
		return Parted{}, err
	}
	if m.Answers != "" {
		return Parted{State: m.RelayState}, s.cameBack(ctx, r, tenant, connection, m.RelayState, m.Answers)
	}
	if err := s.obey(ctx, tenant, a.Connection, m); err != nil {
		return Parted{}, err
	}
	to, err := provider.AnswerLogout(a, m)
	return Parted{Departure: to}, err
}

// LoggedOut takes a browser that comes back from the sign-out at its OpenID Provider with the state that it was sent with. It ends nothing:
// everything was ended before. All refusals are [ErrLogout].
func (s *SignIn) LoggedOut(ctx context.Context, r *http.Request, connection id.Connection, state string) error {
	tenant, err := s.tenantOfConnection(ctx, connection)
	if err == nil {
		err = s.cameBack(ctx, r, tenant, connection, state, "")
	}
	return s.refuseLogout(ctx, connection, err)
}

// cameBack holds the return of a sign-out to the one that this browser began, once. Answers, unless it is "", is the request that the
// provider says it answers.
func (s *SignIn) cameBack(ctx context.Context, r *http.Request, tenant id.Tenant, c id.Connection, state, answers string) error {
	if whose, ok := tenantOf(state); !ok || whose != tenant {
		return Refuse(StateUnknown)
	}
	if answers != "" && answers != s.logoutID(state) {
		return Refuse(InResponseToMismatch)
	}
	return s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		if !s.leftWith(r, c, state, tx.Now) {
			return Refuse(WrongBrowser)
		}
		first, err := useOnce(ctx, tx, c, "left "+state, tx.Now.Add(attemptLifetime))
		if err == nil && !first {
			return Refuse(AttemptUsed)
		}
		return err
	})
}
