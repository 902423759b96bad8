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

// conclude does what the attempt was for, unless the provider's answer was refused. A test shows a refusal, everything else ends with it.
func (s *SignIn) conclude(ctx context.Context, b back, refusal error) (Result, error) {
	if b.record.Purpose != ForTest && refusal != nil {
		return Result{}, refusal
	}
	switch b.record.Purpose {
	case ForSignIn:
		if b.tenant == id.Installation {
			return s.findPlace(ctx, b)
		}
		return s.enter(ctx, b, b.tenant)
	case ForLink:
		return Result{}, s.finishLink(ctx, b)
	case ForReauth:
		return Result{}, s.finishReauth(ctx, b)
	case ForTest:
		return s.finishTest(ctx, b, refusal)
	default:
		return Result{}, fmt.Errorf("attempt %s has no purpose", b.record.ID)
	}
}

// enter lets a proven identity into a tenant.
func (s *SignIn) enter(ctx context.Context, b back, tenant id.Tenant) (Result, error) {
	var result Result
	err := s.admit(ctx, b, tenant, func(_ *db.TenantTx, a admission) error {
		result.Issued, result.Last = a.issued, Last{tenant, b.record.ConnectionID, a.membership.ID}
		return nil
	})
	return result, err
}

// admission is who was let in, and with which session.
type admission struct {
	arrival
	issued sessions.Issued
}

// admit lets a proven identity into a tenant: member, session, outcome and event together, and last what then does. Who loses a race for
// an address or an identity begins again, and sees who won.
func (s *SignIn) admit(ctx context.Context, b back, tenant id.Tenant, then func(*db.TenantTx, admission) error) error {
	const tries = 3
	checked := b.attempt.Trail.length()
	var err error
	for range tries {
		b.attempt.Trail.rewind(checked)
		err = s.db.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
			a, err := s.admitOnce(ctx, sys, tx, b)
			if err != nil {
				return err
			}
			return then(tx, a)
		})
		if !slices.Contains([]string{"identity_in_use", "member_exists", "email_in_use"}, errs.CodeOf(err)) {
			return err
		}
	}
	return Refuse(LinkRequired).Because(err)
}

func (s *SignIn) admitOnce(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, b back) (a admission, err error) {
	who := b.who
	t, policy, err := gate(ctx, tx, b.record.ConnectionID)
	if err != nil {
		return a, err
	}
	if err := unchanged(ctx, tx, b); err != nil {
		return a, err
	}
	if err := firstUse(ctx, tx, b); err != nil {
		return a, err
	}
	a.arrival, err = provision(ctx, sys, tx, entrance{b.attempt.Connection, policy, who, b.attempt.Trail, b.record.InvitationID})
	if err != nil {
		return a, err
	}
	a.issued, err = s.start(ctx, tx, b, sessions.Start{
		Tenant: t, Policy: policy, Membership: a.membership, Method: b.attempt.Connection.Method(), Connection: b.record.ConnectionID,
		Issuer: who.Issuer, Subject: who.Subject, SubjectFormat: who.NameIDFormat, NameID: who.NameID,
		IdPSession: who.SessionID, AuthTime: who.AuthTime,
		AMR: who.AMR, NotAfter: who.NotAfter,
	}, events.Data{"joined": a.joined, "email_kept": who.EmailVerified && !sameAddress(who.Email, a.membership.Email)})
	return a, err
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
	if err := settle(ctx, tx.DB, tx.Now, b.tenant, b.record.ID, b.success(in.Membership)); err != nil {
		return issued, err
	}
	if err := legacyUsed(ctx, tx, b, in.Membership); err != nil {
		return issued, err
	}
	data["method"], data["connection"], data["session"], data["attempt"] = in.Method, in.Connection, issued.Session, b.record.ID
	return issued, events.Record(as(ctx, in.Membership), tx, events.SignInSucceeded, in.Membership.ID, data)
}

// success is how an attempt ends that let somebody in.
func (b back) success(m tenants.Membership) ending {
	return ending{outcome: Succeeded, stage: Finished, trail: b.attempt.Trail, who: b.who, member: m}
}

// legacyUsed records that an answer was accepted only thanks to a legacy switch.
func legacyUsed(ctx context.Context, tx *db.TenantTx, b back, m tenants.Membership) error {
	if len(b.who.Legacy) == 0 {
		return nil
	}
	return events.Record(as(ctx, m), tx, events.ConnectionLegacyUsed, b.record.ConnectionID, events.Data{
		"switches": b.who.Legacy, "attempt": b.record.ID,
	})
}

// as is the context in which a person who has just been proven acts.
func as(ctx context.Context, m tenants.Membership) context.Context {
	return authn.With(ctx, &authn.Principal{Kind: authn.Member, User: m.UserID, Membership: m.ID, Role: string(m.Role)})
}

func sameAddress(said, kept string) bool {
	email, err := tenants.ParseEmail(said)
	return err != nil || email.Address == kept
}
