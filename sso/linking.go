package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// finishLink gives a proven identity to the person of the session that asked for it.
func (s *SignIn) finishLink(ctx context.Context, b back) error {
	return s.db.Admit(ctx, b.tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if err := unchanged(ctx, tx, b); err != nil {
			return err
		}
		if err := firstUse(ctx, tx, b); err != nil {
			return err
		}
		_, m, err := stillLive(ctx, tx, b.record)
		if err != nil {
			return err
		}
		i, err := lookUp(ctx, sys, b.record.ConnectionID, b.who)
		switch {
		case err == nil && i.UserID != m.UserID:
			return Refuse(IdentityInUse)
		case err == nil: // linked already
		case errs.As(err).Kind != errs.Missing:
			return err
		default:
			if i, err = link(ctx, sys, m.UserID, b.record.ConnectionID, b.who); err != nil {
				return err
			}
			err = events.Record(as(ctx, m), tx, events.IdentityLinked, i.ID, events.Data{"connection": i.ConnectionID, "issuer": i.Issuer})
			if err != nil {
				return err
			}
		}
		if err := legacyUsed(ctx, tx, b, m); err != nil {
			return err
		}
		return settle(ctx, tx.DB, tx.Now, tx.Tenant, b.record.ID, b.success(m))
	})
}

// Identities lists the ways to sign in that a session may see: those of the tenant's own connections, and Google unless the session was
// made by a tenant's provider.
func Identities(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, p *authn.Principal) ([]LinkedIdentity, error) {
	q := db.Of[LinkedIdentity](sys.DB).Where("user_id = ?", p.User)
	own := "connection_id IN (SELECT id FROM connections WHERE tenant_id = ?)"
	if ownsAccount(p) {
		q = q.Where("(connection_id = ? OR "+own+")", id.Google, tx.Tenant)
	} else {
		q = q.Where(own, tx.Tenant)
	}
	list, err := q.Order("id").Limit(100).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list identities: %w", err)
	}
	return list, nil
}

// Unlink takes a way to sign in away, and ends the other sessions that it made in this tenant. The last one that leads into the tenant
// stays: last_sign_in_method. Like linking, it needs a session whose person was proven within five minutes.
func Unlink(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, p *authn.Principal, which id.Identity) error {
	if !seenLately(p.AuthTime, tx.Now) {
		return ErrReauthRequired
	}
	// Two requests that each take one of two away follow one another.
	if err := sys.DB.WithContext(ctx).Exec("SELECT 1 FROM identities WHERE user_id = ? ORDER BY id FOR UPDATE", p.User).Error; err != nil {
		return fmt.Errorf("lock identities: %w", err)
	}
	list, err := Identities(ctx, sys, tx, p)
	if err != nil {
		return err
	}
	_, policy, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	var gone *LinkedIdentity
	left := 0
	for _, i := range list {
		switch {
		case i.ID == which:
			gone = &i
		case policy.Allows(methodOf(i.ConnectionID), ""):
			left++
		}
	}
	if gone == nil {
		return errs.NotFound("identity")
	}
	if left == 0 {
		return errs.New(errs.Conflict, "last_sign_in_method", "This is your last way to sign in. Add another one first.")
	}
	if _, err := db.Of[LinkedIdentity](sys.DB).Where("id = ?", gone.ID).Delete(ctx); err != nil {
		return fmt.Errorf("unlink identity %s: %w", gone.ID, err)
	}
	proof := sessions.Proof{Connection: gone.ConnectionID, Issuer: gone.Issuer, Subject: gone.Subject}
	if _, err := sessions.RevokeByProof(authn.With(ctx, p), tx, proof, sessions.ReasonUnlinked); err != nil {
		return err
	}
	return events.Record(ctx, tx, events.IdentityUnlinked, gone.ID, events.Data{"connection": gone.ConnectionID, "issuer": gone.Issuer})
}
