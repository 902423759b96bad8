package sso

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// findPlace finds the tenant of somebody who came by Google without naming one: where they are a member and Google is allowed, or where
// their Workspace may join.
func (s *SignIn) findPlace(ctx context.Context, b back) (Result, error) {
	who := b.who
	var places []tenants.Place
	var home id.Tenant
	var identity LinkedIdentity
	refusal := NoAccount
	err := s.db.System(ctx, func(sys *db.SystemTx) error {
		i, err := lookUp(ctx, sys, id.Google, who)
		if err == nil {
			identity = i
			places, err = googlePlaces(ctx, sys, i.UserID)
		}
		if err != nil && errs.As(err).Kind != errs.Missing {
			return err
		}
		if len(places) > 0 || who.HostedDomain == "" || !who.EmailVerified {
			return nil
		}
		refusal = DomainNotAllowed
		home, err = tenants.RouteDomain(ctx, sys, who.HostedDomain)
		if err != nil && errs.As(err).Kind != errs.Missing {
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return Result{}, err
	case len(places) == 1:
		return s.enter(ctx, b, places[0].Tenant.ID)
	case len(places) > 1:
		return s.offer(ctx, b, identity, places)
	case home.IsZero():
		return Result{}, Refuse(refusal)
	}
	result, err := s.enter(ctx, b, home)
	switch ReasonOf(err) { // of a tenant that they did not name and are no member of, they learn nothing
	case JITDisabled, GoogleNotAllowed, TenantInactive:
		return Result{}, Refuse(NoAccount).Because(err)
	default:
		return result, err
	}
}

func googlePlaces(ctx context.Context, sys *db.SystemTx, user id.User) ([]tenants.Place, error) {
	all, err := tenants.PlacesOf(ctx, sys, user)
	if err != nil {
		return nil, err
	}
	var places []tenants.Place
	for _, p := range all {
		if p.Policy.Allows(MethodGoogle, p.Membership.Role) {
			places = append(places, p)
		}
	}
	return places, nil
}

// offer keeps the proven attempt for the choice of a tenant. It stays bound to its browser and to its ten minutes.
func (s *SignIn) offer(ctx context.Context, b back, i LinkedIdentity, places []tenants.Place) (Result, error) {
	err := s.db.Tenant(ctx, b.tenant, func(tx *db.TenantTx) error {
		_, err := db.Of[Record](tx.DB).Where("id = ?", b.record.ID).Select("stage", "user_id", "identity_id").
			Updates(ctx, Record{Stage: Exchanged, UserID: i.UserID, IdentityID: i.ID})
		if err != nil {
			return fmt.Errorf("keep attempt %s for a choice: %w", b.record.ID, err)
		}
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	var result Result
	for _, p := range places {
		result.Choices = append(result.Choices, Choice{p.Tenant.ID, p.Tenant.Slug, p.Tenant.Name})
	}
	return result, nil
}

// Choose enters one of the tenants that Finish offered, once. It believes only the attempt: what it proved, for whom, in which browser
// and until when. A tenant that was not offered is errs.NotFound.
func (s *SignIn) Choose(ctx context.Context, r *http.Request, state string, tenant id.Tenant) (Result, error) {
	if home, ok := tenantOf(state); !ok || home != id.Installation || tenant.IsZero() || tenant == id.Installation {
		return Result{}, Refuse(StateUnknown)
	}
	result := Result{Purpose: ForSignIn}
	err := s.db.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		rec, identity, err := s.offered(ctx, sys, r, state)
		if err != nil {
			return err
		}
		m, err := tenants.MemberByUser(ctx, tx, rec.UserID)
		if errs.As(err).Kind == errs.Missing {
			return errs.NotFound("organization")
		}
		if err != nil {
			return err
		}
		if err := standing(m); err != nil {
			return err
		}
		if err := touch(ctx, sys, identity, identity.Email); err != nil {
			return err
		}
		t, policy, err := gate(ctx, tx, id.Google)
		if err != nil {
			return err
		}
		proven := time.Time{}
		if rec.ConsumedAt != nil {
			proven = *rec.ConsumedAt
		}
		result.ReturnTo, result.Last = rec.ReturnTo, Last{tenant, id.Google, m.ID}
		from := back{tenant: id.Installation, record: rec, who: Identity{Subject: identity.Subject, Email: identity.Email}}
		result.Issued, err = s.start(ctx, tx, from, sessions.Start{
			Tenant: t, Policy: policy, Membership: m, Method: MethodGoogle, Connection: id.Google, Issuer: identity.Issuer,
			Subject: identity.Subject, AuthTime: proven,
		}, events.Data{"joined": false})
		return err
	})
	s.count(MethodGoogle, err)
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// offered locks an attempt that waits for its choice.
func (s *SignIn) offered(ctx context.Context, sys *db.SystemTx, r *http.Request, state string) (Record, LinkedIdentity, error) {
	g := sys.DB.WithContext(ctx)
	err := g.Exec("SELECT 1 FROM attempts WHERE tenant_id = ? AND state_hash = ? FOR UPDATE", id.Installation, stateHash(state)).Error
	if err != nil {
		return Record{}, LinkedIdentity{}, fmt.Errorf("lock attempt: %w", err)
	}
	rec, err := db.Of[Record](g).Where("tenant_id = ? AND state_hash = ?", id.Installation, stateHash(state)).First(ctx)
	if db.IsMissing(err) {
		return Record{}, LinkedIdentity{}, Refuse(StateUnknown)
	}
	if err != nil {
		return Record{}, LinkedIdentity{}, fmt.Errorf("load attempt: %w", err)
	}
	switch {
	case !s.sameBrowser(r, rec, state):
		return Record{}, LinkedIdentity{}, Refuse(WrongBrowser)
	case rec.Outcome != Pending || rec.Stage != Exchanged || rec.Purpose != ForSignIn || rec.UserID.IsZero():
		return Record{}, LinkedIdentity{}, Refuse(AttemptUsed)
	case !sys.Now.Before(rec.ExpiresAt):
		return Record{}, LinkedIdentity{}, Refuse(AttemptExpired)
	}
	i, err := db.Of[LinkedIdentity](g).Where("id = ? AND user_id = ? AND connection_id = ?", rec.IdentityID, rec.UserID, id.Google).First(ctx)
	if db.IsMissing(err) { // unlinked meanwhile
		return Record{}, LinkedIdentity{}, Refuse(NoAccount)
	}
	if err != nil {
		return Record{}, LinkedIdentity{}, fmt.Errorf("load identity: %w", err)
	}
	return rec, i, nil
}
