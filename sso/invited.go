package sso

import (
	"context"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// An invitation opens the door to one address: whoever comes by it must prove that address, by the rules that hold for everybody. It takes
// the place of joining at the first sign-in, not of the proof.

// source is how a new member came to be one.
func (e entrance) source() string {
	if e.invitation.IsZero() {
		return tenants.SourceJIT
	}
	return tenants.SourceInvitation
}

// invited finds the invitation of the entrance.
func (e entrance) invited(ctx context.Context, tx *db.TenantTx) (tenants.Invitation, error) {
	i, err := tenants.UsableInvitation(ctx, tx, e.invitation)
	if errs.As(err).Kind == errs.Missing {
		e.trail.Fail("invitation", "one that can still be accepted", "")
		return i, Refuse(InvitationUnusable)
	}
	return i, err
}

// mayAccept says with which role the invited person becomes a member, if the address that was proven is theirs.
func (e entrance) mayAccept(ctx context.Context, tx *db.TenantTx, email tenants.Email) (rbac.Role, error) {
	i, err := e.invited(ctx, tx)
	if err != nil {
		return "", err
	}
	if i.Email != email.Address {
		e.trail.Fail("invitation", i.Email, email.Address)
		return "", Refuse(InvitationMismatch)
	}
	if e.connection.ID == id.Google {
		err = e.authoritative(email)
	} else {
		err = e.vouchedFor(ctx, tx, email)
	}
	if err != nil {
		return "", err
	}
	e.trail.Pass("invitation", i.Email)
	return i.Role, nil
}

// authoritative refuses an address of which Google knows only that it was somebody's once.
func (e entrance) authoritative(email tenants.Email) error {
	if err := e.emailVerified(); err != nil {
		return err
	}
	if !slices.Contains([]string{"gmail.com", "googlemail.com", e.who.HostedDomain}, email.Domain) {
		e.trail.Fail("hd", email.Domain, or(e.who.HostedDomain, "not sent"))
		return Refuse(HostedDomainMissing)
	}
	return nil
}

// acceptAsMember is for an invitation whose person has become a member meanwhile, in this way or another. Their role stays.
func (e entrance) acceptAsMember(ctx context.Context, tx *db.TenantTx, m tenants.Membership) error {
	if e.invitation.IsZero() {
		return nil
	}
	if done, err := tenants.AcceptedBy(ctx, tx, e.invitation, m.ID); err != nil || done {
		return err
	}
	i, err := e.invited(ctx, tx)
	if err != nil {
		return err
	}
	if i.Email != m.Email {
		e.trail.Fail("invitation", i.Email, m.Email)
		return Refuse(InvitationMismatch)
	}
	return tenants.AcceptInvitation(as(ctx, m), tx, i.ID, m)
}

// comeBack makes a removed member one again, who was invited and has proven to be the same person.
func (e entrance) comeBack(
	ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, i LinkedIdentity, m tenants.Membership,
) (arrival, error) {
	email, err := e.address()
	if err != nil {
		return arrival{}, err
	}
	role, err := e.mayAccept(ctx, tx, email)
	if err != nil {
		return arrival{}, err
	}
	if !e.connection.tester(email.Address) {
		return arrival{}, Refuse(NotTester)
	}
	if err := touch(ctx, sys, i, e.who.Email); err != nil {
		return arrival{}, err
	}
	m, err = tenants.Reinstate(as(ctx, m), tx, m, role, tenants.Profile{Email: email.Address, Name: e.who.Name, Picture: e.who.Picture})
	if err != nil {
		return arrival{}, err
	}
	return e.joined(ctx, tx, i, m)
}

// joined is what remains to be done for a new member.
func (e entrance) joined(ctx context.Context, tx *db.TenantTx, i LinkedIdentity, m tenants.Membership) (arrival, error) {
	if !e.invitation.IsZero() {
		if err := tenants.AcceptInvitation(as(ctx, m), tx, e.invitation, m); err != nil {
			return arrival{}, err
		}
	}
	m, err := e.follow(ctx, tx, m)
	return arrival{membership: m, identity: i, joined: true}, err
}
