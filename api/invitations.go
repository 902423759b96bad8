package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// invitationOut holds no link: that is for the invited address alone.
type invitationOut struct {
	ID         id.Invitation            `json:"id"`
	Email      string                   `json:"email"`
	Role       rbac.Role                `json:"role" doc:"Owner, admin, member, viewer or the id of a custom role"`
	Status     tenants.InvitationStatus `json:"status" enum:"pending,accepted,revoked,expired"`
	InvitedBy  id.Membership            `json:"invited_by,omitzero" doc:"Without them it is void"`
	InvitedKey id.Key                   `json:"invited_by_key,omitzero"`
	CreatedAt  time.Time                `json:"created_at"`
	SentAt     time.Time                `json:"sent_at"`
	ExpiresAt  time.Time                `json:"expires_at"`
	AcceptedAt *time.Time               `json:"accepted_at,omitzero"`
	AcceptedBy id.Membership            `json:"accepted_by,omitzero"`
	RevokedAt  *time.Time               `json:"revoked_at,omitzero"`
}

func invitationOf(i tenants.Invitation, now time.Time) invitationOut {
	return invitationOut{
		i.ID, i.Email, i.Role, i.Status(now), i.InvitedBy, i.InvitedKey, i.CreatedAt, i.SentAt, i.ExpiresAt, i.AcceptedAt, i.AcceptedBy, i.RevokedAt,
	}
}

func (a *API) invitations(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[invitationOut], error) {
	wire := func(i tenants.Invitation) invitationOut { return invitationOf(i, tx.Now) }
	return list(a, in, tx, "invitations", tenants.Invitations, wire, func(i invitationOut) id.Invitation { return i.ID })(ctx)
}

type inviteIn struct {
	Email string    `json:"email" doc:"Only who proves this address can accept"`
	Role  rbac.Role `json:"role,omitzero" doc:"Not above the caller's own; default member; owner, admin, member, viewer or the id of a custom role"`
}

func (a *API) invite(ctx context.Context, tx *db.TenantTx, in inviteIn) (invitationOut, error) {
	if in.Role == "" {
		in.Role = rbac.Member
	}
	i, err := a.SignIn.Invite(ctx, tx, tenants.NewInvitation{Email: in.Email, Role: in.Role})
	return invitationOf(i, tx.Now), err
}

type invitationIn struct {
	Invitation id.Invitation `path:"invitation" json:"-"`
}

func (a *API) inviteAgain(ctx context.Context, tx *db.TenantTx, in invitationIn) (invitationOut, error) {
	i, err := a.SignIn.InviteAgain(ctx, tx, in.Invitation)
	return invitationOf(i, tx.Now), err
}

func (a *API) revokeInvitation(ctx context.Context, tx *db.TenantTx, in invitationIn) (web.None, error) {
	return web.None{}, tenants.RevokeInvitation(ctx, tx, in.Invitation)
}
