package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// RedeemLink lets a person in by a one-time link of the operator. Where SSO is required it is for owners alone: the documented way back
// in when the provider is broken, which the event names.
func (s *SignIn) RedeemLink(ctx context.Context, cred secret.Credential) (Result, error) {
	tenant := id.From[id.Tenant](cred.Tenant)
	if tenant.IsZero() || tenant == id.Installation {
		return Result{}, tenants.ErrLinkUsed
	}
	result := Result{Purpose: ForSignIn}
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		m, err := tenants.RedeemLink(ctx, tx, cred)
		if err != nil {
			return err
		}
		t, policy, err := gate(ctx, tx, id.Connection{})
		if err == nil && !policy.Allows(MethodLink, m.Role) {
			err = Refuse(SSORequired)
		}
		if err != nil { // the link stays used
			return s.refuseLink(ctx, tx, m, err)
		}
		result.Issued, err = s.sessions.Start(ctx, tx, sessions.Start{Tenant: t, Policy: policy, Membership: m, Method: MethodLink})
		if err != nil {
			return err
		}
		return events.Record(as(ctx, m), tx, events.SignInSucceeded, m.ID, events.Data{
			"method": MethodLink, "session": result.Issued.Session, "recovery": policy.RequireSSO,
		})
	})
	s.count(MethodLink, err)
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func (s *SignIn) refuseLink(ctx context.Context, tx *db.TenantTx, m tenants.Membership, refusal error) error {
	if ReasonOf(refusal) == Broken {
		return refusal
	}
	err := events.Record(ctx, tx, events.SignInRefused, m.ID, events.Data{"reason": ReasonOf(refusal), "method": MethodLink})
	if err != nil {
		return err
	}
	return db.Keep(refusal)
}
