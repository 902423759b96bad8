package tenants

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// OpenInvitation finds the invitation of a link, which stays as it is. That the tenant may be entered is for the caller to ask.
func OpenInvitation(ctx context.Context, tx *db.TenantTx, cred secret.Credential) (Invitation, error) {
	if cred.Generation != 0 { // not one that was issued, but another spelling of it
		return Invitation{}, ErrInvitationUnusable
	}
	i, err := UsableInvitation(ctx, tx, id.From[id.Invitation](cred.ID))
	if err != nil {
		return Invitation{}, err
	}
	if hash := cred.Hash(); !secret.Equal(i.Hash, hash[:]) {
		return Invitation{}, ErrInvitationUnusable
	}
	return i, nil
}

// UsableInvitation finds an invitation that can still be accepted, and keeps that true until the scope ends.
func UsableInvitation(ctx context.Context, tx *db.TenantTx, which id.Invitation) (Invitation, error) {
	i, err := lockInvitation(ctx, tx, which)
	if errs.As(err).Kind == errs.Missing || err == nil && i.Status(tx.Now) != InvitationPending {
		return Invitation{}, ErrInvitationUnusable
	}
	if err != nil {
		return Invitation{}, err
	}
	if i.InvitedKey.IsZero() {
		return i, nil
	}
	// Nobody is told when a key expires, so it is asked here.
	n, err := db.Of[Key](tx.DB).Where("id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", i.InvitedKey, tx.Now).Count(ctx, "id")
	if err != nil {
		return Invitation{}, fmt.Errorf("look for who invited: %w", err)
	}
	if n == 0 {
		return Invitation{}, ErrInvitationUnusable
	}
	return i, nil
}

// AcceptInvitation notes whom an invitation has made a member. It works once.
func AcceptInvitation(ctx context.Context, tx *db.TenantTx, which id.Invitation, m Membership) error {
	i, err := UsableInvitation(ctx, tx, which)
	if err != nil {
		return err
	}
	i.AcceptedAt, i.AcceptedBy = &tx.Now, m.ID
	if _, err := db.Of[Invitation](tx.DB).Where("id = ?", i.ID).Select("accepted_at", "accepted_by").Updates(ctx, i); err != nil {
		return fmt.Errorf("accept invitation %s: %w", i.ID, err)
	}
	return events.Record(ctx, tx, events.InvitationAccepted, i.ID, events.Data{"member": m.ID, "email": i.Email, "role": i.Role})
}

// AcceptedBy says whether an invitation has made somebody a member before.
func AcceptedBy(ctx context.Context, tx *db.TenantTx, which id.Invitation, m id.Membership) (bool, error) {
	n, err := db.Of[Invitation](tx.DB).Where("id = ? AND accepted_by = ?", which, m).Count(ctx, "id")
	if err != nil {
		return false, fmt.Errorf("look for who accepted invitation %s: %w", which, err)
	}
	return n > 0, nil
}

// Reinstate makes a removed member one again, with the role of an invitation that they have accepted: the only way back. What they had
// made before stays gone.
func Reinstate(ctx context.Context, tx *db.TenantTx, m Membership, role rbac.Role, p Profile) (Membership, error) {
	if m.Status != MemberRemoved || !role.Builtin() && !role.Custom() {
		return m, errs.New(errs.Conflict, "member_exists", "This person is already a member.")
	}
	email, err := ParseEmail(p.Email)
	if err != nil {
		return m, err
	}
	if err := takeSeat(ctx, tx); err != nil {
		return m, err
	}
	m.Role, m.Status, m.Email, m.Name, m.Picture, m.UpdatedAt = role, MemberActive, email.Address, shown(p.Name), picture(p.Picture), tx.Now
	_, err = db.Of[Membership](tx.DB).Where("id = ?", m.ID).Select("role", "status", "email", "name", "picture", "updated_at").Updates(ctx, m)
	if err != nil {
		return m, fmt.Errorf("reinstate member %s: %w", m.ID, err)
	}
	// A key stops working with its holder. It must not begin again with them.
	var keys []id.Key
	err = tx.DB.WithContext(ctx).Raw("UPDATE api_keys SET revoked_at = ? WHERE tenant_id = ? AND created_by = ? AND revoked_at IS NULL RETURNING id",
		tx.Now, tx.Tenant, m.ID).Scan(&keys).Error
	if err != nil {
		return m, fmt.Errorf("revoke the keys of member %s: %w", m.ID, err)
	}
	for _, k := range keys {
		tx.Changed("key", k)
	}
	tx.Changed("member", m.ID)
	return m, events.Record(ctx, tx, events.MemberJoined, m.ID, events.Data{"role": role, "source": SourceInvitation, "again": true})
}
