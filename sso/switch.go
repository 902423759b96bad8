package sso

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Places lists where the person of a session may go. A session made by a tenant's provider sees its own tenant alone.
func (s *SignIn) Places(ctx context.Context, p *authn.Principal) ([]tenants.Place, error) {
	var places []tenants.Place
	err := s.db.System(ctx, func(sys *db.SystemTx) error {
		all, err := tenants.PlacesOf(ctx, sys, p.User)
		for _, place := range all {
			if ownsAccount(p) || place.Tenant.ID == p.Tenant {
				places = append(places, place)
			}
		}
		return err
	})
	return places, err
}

// Switch makes a session in another tenant of the same person, with the proof of the present one. It is a new decision: where the
// target's policy does not take that proof, the answer is sso_required with the path of the target's own sign-in. A tenant of which the
// person is no member does not exist for them; nor does any other tenant for a session that a tenant's provider made.
func (s *SignIn) Switch(ctx context.Context, p *authn.Principal, target id.Tenant) (sessions.Issued, error) {
	if p.Kind != authn.Member || !ownsAccount(p) || target.IsZero() || target == id.Installation || target == p.Tenant {
		return sessions.Issued{}, errs.NotFound("organization")
	}
	rec := Record{SessionID: p.Session, UserID: p.User}
	var from liveSession
	err := s.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) (err error) {
		from, _, err = stillLive(ctx, tx, rec)
		return err
	})
	if err != nil {
		return sessions.Issued{}, err
	}
	var issued sessions.Issued
	err = s.db.Admit(ctx, target, func(sys *db.SystemTx, tx *db.TenantTx) error {
		m, err := tenants.MemberByUser(ctx, tx, p.User)
		if errs.As(err).Kind == errs.Missing || err == nil && m.Status != tenants.MemberActive {
			return errs.NotFound("organization")
		}
		if err != nil {
			return err
		}
		t, policy, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		if t.Status != tenants.StatusActive {
			return Refuse(TenantInactive)
		}
		theirs, err := from.stillTheirs(ctx, sys, p.User)
		if err != nil {
			return err
		}
		// A one-time link opens the tenant that it was made for and no other, and an identity that was taken away opens none.
		if from.Method != MethodGoogle || !theirs || !policy.Allows(from.Method, m.Role) {
			return Refuse(SSORequired).With("login", "/login/"+t.Slug)
		}
		issued, err = s.sessions.Start(ctx, tx, sessions.Start{
			Tenant: t, Policy: policy, Membership: m, Method: from.Method, Connection: from.ConnectionID, Issuer: from.Issuer,
			Subject: from.Subject, AuthTime: provenAt(p), AMR: p.AMR,
		})
		if err != nil {
			return err
		}
		return events.Record(as(ctx, m), tx, events.SessionSwitched, m.ID, events.Data{"session": issued.Session, "method": from.Method})
	})
	return issued, err
}

// provenAt keeps the time of the proof: switching is none. A session without one counts as proven long ago.
func provenAt(p *authn.Principal) time.Time {
	if p.AuthTime.IsZero() {
		return time.Unix(0, 0)
	}
	return p.AuthTime
}
