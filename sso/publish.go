package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Publish writes our metadata for a connection, for its provider and for whoever else asks: the active key and the next one, both to
// verify with and, where assertions may be encrypted, to encrypt for. A retired key is not announced any more; it only reads what is still
// encrypted for it. What is no SAML connection of an active tenant is errs.NotFound, whatever else it is.
func (s *SignIn) Publish(ctx context.Context, which id.Connection) ([]byte, error) {
	missing := errs.NotFound("connection")
	p, err := s.saml()
	if err != nil {
		return nil, missing.Because(err)
	}
	tenant, err := s.homeOf(ctx, which)
	if err != nil {
		return nil, err
	}
	o := OwnMetadata{EntityID: s.EntityID(which), SLO: s.LogoutURL(which)}
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		t, _, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		c, err := ConnectionByID(ctx, tx, which)
		if err != nil {
			return err
		}
		if t.Status != tenants.StatusActive || c.SAML == nil {
			return missing
		}
		keys, err := KeysOf(ctx, tx, which)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Slot != RetiredKey {
				o.Certificates = append(o.Certificates, k.Certificate)
			}
		}
		o.ACS, o.Encryption, o.NameIDFormat = s.CallbackURL(c), c.SAML.Encryption, c.SAML.NameIDFormat
		return nil
	})
	if err != nil && errs.As(err).Kind == errs.Missing {
		return nil, missing.Because(err) // the same for all that is not there
	}
	if err != nil {
		return nil, err
	}
	return p.Describe(o)
}

// homeOf is the tenant that a connection belongs to.
func (s *SignIn) homeOf(ctx context.Context, which id.Connection) (id.Tenant, error) {
	var found struct{ TenantID id.Tenant }
	err := s.db.System(ctx, func(sys *db.SystemTx) error {
		return sys.DB.WithContext(ctx).Raw("SELECT tenant_id FROM connection_directory WHERE id = ?", which).Scan(&found).Error
	})
	switch {
	case err != nil:
		return id.Tenant{}, fmt.Errorf("find the tenant of connection %s: %w", which, err)
	case found.TenantID.IsZero():
		return id.Tenant{}, errs.NotFound("connection")
	default:
		return found.TenantID, nil
	}
}
