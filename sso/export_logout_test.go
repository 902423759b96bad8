package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// HoldKey gives a connection the key that it would have if it had been created as one of SAML.
func (s *SignIn) HoldKey(ctx context.Context, tx *db.TenantTx, c id.Connection, k Key) error {
	return s.addKey(ctx, tx, c, ActiveKey, k)
}
