package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Unconfirmed is a sign-in that a provider has started and the person has not confirmed.
type Unconfirmed struct {
	Name, Email  string // as the provider says them
	Slug, Tenant string
	// Already says that this very identity made the session of whoever looks: there is nothing to confirm.
	Already bool
}

// ErrSignedIn refuses to put one person in the place of another who is signed in.
var ErrSignedIn = errs.New(errs.Conflict, "signed_in_already", "Somebody is signed in with this browser. Sign out first.")

// Unconfirmed shows what a sign-in that the provider started would do, to the browser that it came to. P is who is signed in there.
func (s *SignIn) Unconfirmed(ctx context.Context, r *http.Request, state string, p *authn.Principal) (Unconfirmed, error) {
	tenant, ok := tenantOf(state)
	if !ok {
		return Unconfirmed{}, Refuse(StateUnknown)
	}
	var u Unconfirmed
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		b, err := s.held(ctx, tx, r, state)
		if err != nil {
			return err
		}
		t, _, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		u = Unconfirmed{Name: shown(b.who.Name), Email: b.record.Email, Slug: t.Slug, Tenant: t.Name}
		u.Already, err = madeBy(ctx, tx, p, b)
		return err
	})
	return u, err
}

// Confirm lets the person in whom a provider has announced, once. Nobody may be signed in with the browser: ErrSignedIn.
func (s *SignIn) Confirm(ctx context.Context, r *http.Request, state string, p *authn.Principal) (Result, error) {
	if p != nil && p.Kind == authn.Member {
		return Result{}, ErrSignedIn
	}
	tenant, ok := tenantOf(state)
	if !ok {
		return Result{}, Refuse(StateUnknown)
	}
	b := back{tenant: tenant}
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) (err error) {
		if b, err = s.held(ctx, tx, r, state); err != nil {
			return err
		}
		first, err := consume(ctx, tx, b.record.ID)
		if err == nil && !first {
			err = Refuse(AttemptUsed)
		}
		if err != nil {
			return err
		}
		if end := b.who.NotAfter; !end.IsZero() && !tx.Now.Before(end) {
			return remember(ctx, tx, b.record, b.attempt.Trail, Refuse(AssertionExpired))
		}
		b.attempt.Connection, err = ConnectionByID(ctx, tx, b.record.ConnectionID)
		if errs.As(err).Kind == errs.Missing {
			return remember(ctx, tx, b.record, b.attempt.Trail, Refuse(ConnectionInactive))
		}
		return err
	})
	if err != nil {
		return Result{}, err
	}
	result, err := s.enter(ctx, b, tenant)
	s.count(b.attempt.Connection.Method(), err)
	if err != nil {
		return Result{}, s.refuse(ctx, b, err)
	}
	result.Purpose, result.State = ForSignIn, state
	return result, nil
}

// held finds the attempt that waits for a confirmation in this browser.
func (s *SignIn) held(ctx context.Context, tx *db.TenantTx, r *http.Request, state string) (back, error) {
	rec, err := db.Of[Record](tx.DB).Where("state_hash = ?", stateHash(state)).First(ctx)
	switch {
	case db.IsMissing(err):
		return back{}, Refuse(StateUnknown)
	case err != nil:
		return back{}, fmt.Errorf("load attempt: %w", err)
	case rec.Source != FromIdP || rec.Purpose != ForSignIn:
		return back{}, Refuse(StateUnknown)
	case !s.sameBrowser(r, rec, state):
		return back{}, Refuse(WrongBrowser)
	case rec.Outcome != Pending || rec.ConsumedAt != nil || len(rec.Held) == 0:
		return back{}, Refuse(AttemptUsed)
	case !tx.Now.Before(rec.ExpiresAt):
		return back{}, Refuse(AttemptExpired)
	}
	b := back{tenant: tx.Tenant, record: rec, confirmed: true}
	b.attempt = Attempt{ID: rec.ID, Purpose: rec.Purpose, Trail: &Trail{Checks: rec.Checks, Proven: true}}
	plain, err := s.keyring.Open(rec.Held, heldAt(tx.Tenant, rec.ID))
	if err != nil {
		return back{}, fmt.Errorf("open the identity of attempt %s: %w", rec.ID, err)
	}
	if err := json.Unmarshal(plain, &b.who); err != nil {
		return back{}, fmt.Errorf("decode the identity of attempt %s: %w", rec.ID, err)
	}
	return b, nil
}

// madeBy says whether a session was made by the identity that waits.
func madeBy(ctx context.Context, tx *db.TenantTx, p *authn.Principal, b back) (bool, error) {
	if p == nil || p.Kind != authn.Member || p.Tenant != tx.Tenant || p.Connection != b.record.ConnectionID {
		return false, nil
	}
	var n int64
	err := tx.DB.WithContext(ctx).Raw(`SELECT count(*) FROM sessions WHERE tenant_id = ? AND id = ? AND connection_id = ? AND issuer = ?
		AND subject = ? AND revoked_at IS NULL`, tx.Tenant, p.Session, b.record.ConnectionID, b.who.Issuer, b.who.Subject).Scan(&n).Error
	if err != nil {
		return false, fmt.Errorf("compare session %s: %w", p.Session, err)
	}
	return n > 0, nil
}
