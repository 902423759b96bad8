package sso

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// conclude does what the attempt was for.
func (s *SignIn) conclude(ctx context.Context, b back, who Identity) (Result, error) {
	switch b.record.Purpose {
	case ForSignIn:
		if b.tenant == id.Installation {
			return s.findPlace(ctx, b, who)
		}
		return s.enter(ctx, b, who, b.tenant)
	case ForLink:
		return Result{}, s.finishLink(ctx, b, who)
	case ForReauth:
		return Result{}, s.finishReauth(ctx, b, who)
	case ForTest:
		return s.finishTest(ctx, b, who)
	default:
		return Result{}, fmt.Errorf("attempt %s has no purpose", b.record.ID)
	}
}

// enter lets a proven identity into a tenant: member, session, outcome and event together. Who loses a race for an address or an
// identity begins again, and sees who won.
func (s *SignIn) enter(ctx context.Context, b back, who Identity, tenant id.Tenant) (Result, error) {
	const tries = 3
	var err error
	for range tries {
		var result Result
		err = s.db.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
			t, policy, err := gate(ctx, tx, b.record.ConnectionID)
			if err != nil {
				return err
			}
			if err := unchanged(ctx, tx, b); err != nil {
				return err
			}
			if err := firstUse(ctx, tx, b.record.ConnectionID, who); err != nil {
				return err
			}
			a, err := provision(ctx, sys, tx, entrance{b.attempt.Connection, policy, who})
			if err != nil {
				return err
			}
			result.Issued, err = s.start(ctx, tx, b, sessions.Start{
				Tenant: t, Policy: policy, Membership: a.membership, Method: b.attempt.Connection.Method(), Connection: b.record.ConnectionID,
				Issuer: who.Issuer, Subject: who.Subject, SubjectFormat: who.NameIDFormat, IdPSession: who.SessionID, AuthTime: who.AuthTime, AMR: who.AMR,
				NotAfter: who.NotAfter,
			}, events.Data{"joined": a.joined, "email_kept": who.EmailVerified && !sameAddress(who.Email, a.membership.Email)})
			return err
		})
		if !slices.Contains([]string{"identity_in_use", "member_exists", "email_in_use"}, errs.CodeOf(err)) {
			return result, err
		}
	}
	return Result{}, Refuse(LinkRequired).Because(err)
}

// gate says whether the scope's tenant can be entered over a connection at all.
func gate(ctx context.Context, tx *db.TenantTx, c id.Connection) (tenants.Tenant, tenants.Policy, error) {
	t, policy, err := tenants.Current(ctx, tx)
	if errs.As(err).Kind == errs.Missing || err == nil && t.Status != tenants.StatusActive {
		return t, policy, Refuse(TenantInactive)
	}
	if err != nil {
		return t, policy, err
	}
	if c == id.Google && !policy.Allows(MethodGoogle, "") {
		return t, policy, Refuse(GoogleNotAllowed)
	}
	return t, policy, nil
}

// start makes the session, settles the attempt and records the event.
func (s *SignIn) start(ctx context.Context, tx *db.TenantTx, b back, in sessions.Start, data events.Data) (sessions.Issued, error) {
	issued, err := s.sessions.Start(ctx, tx, in)
	if err != nil {
		return issued, err
	}
	if err := settle(ctx, tx.DB, tx.Now, b.tenant, b.record.ID, Succeeded, ""); err != nil {
		return issued, err
	}
	data["method"], data["connection"], data["session"], data["attempt"] = in.Method, in.Connection, issued.Session, b.record.ID
	return issued, events.Record(as(ctx, in.Membership), tx, events.SignInSucceeded, in.Membership.ID, data)
}

// as is the context in which a person who has just been proven acts.
func as(ctx context.Context, m tenants.Membership) context.Context {
	return authn.With(ctx, &authn.Principal{Kind: authn.Member, User: m.UserID, Membership: m.ID, Role: string(m.Role)})
}

func sameAddress(said, kept string) bool {
	email, err := tenants.ParseEmail(said)
	return err != nil || email.Address == kept
}
