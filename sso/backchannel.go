package sso

import (
	"context"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// BackChannelLogout takes a logout token that a connection's OpenID Provider has sent, and ends the sessions that it names. All refusals are
// [ErrLogout].
func (s *SignIn) BackChannelLogout(ctx context.Context, connection id.Connection, token string) error {
	return s.refuseLogout(ctx, connection, s.backChannelLogout(ctx, connection, token))
}

func (s *SignIn) backChannelLogout(ctx context.Context, connection id.Connection, token string) error {
	provider, ok := s.providers[ProtocolOIDC].(BackChannel)
	if !ok || strings.Count(token, ".") != 2 {
		return ErrLogout
	}
	tenant, a, err := s.connectionFor(ctx, connection, ProtocolOIDC)
	if err != nil {
		return err
	}
	m, err := provider.ReadLogoutToken(ctx, token, a)
	if err != nil {
		return err
	}
	return s.obey(ctx, tenant, a.Connection, m)
}
