package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// How much mail a tenant can have sent to strangers: this many invitations a day, this many of them to one address, and each of them this
// often, with this time between.
const (
	invitationsADay  = 200
	sameAddressADay  = 3
	sendsOfOne       = 5
	betweenTwoSends  = time.Minute
	invitationsReset = 24 * time.Hour
)

func tooManyInvitations(wait time.Duration) error {
	e := errs.New(errs.TooMany, "too_many_invitations", "Too many invitations were sent. Wait before you send more.")
	e.RetryAfter = wait
	return e
}

// mayInvite says whether an address may be invited now. Until the scope ends no other invitation is made in the tenant.
func mayInvite(ctx context.Context, tx *db.TenantTx, email string) error {
	g := tx.DB.WithContext(ctx)
	if err := g.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "invitations "+tx.Tenant.String()).Error; err != nil {
		return fmt.Errorf("lock the invitations: %w", err)
	}
	if err := notMember(ctx, tx, email); err != nil {
		return err
	}
	var n struct{ Everybody, Address int64 }
	err := g.Raw(`SELECT count(*) AS everybody, count(*) FILTER (WHERE email = ?) AS address
		FROM invitations WHERE tenant_id = ? AND created_at > ?`, email, tx.Tenant, tx.Now.Add(-invitationsReset)).Scan(&n).Error
	if err != nil {
		return fmt.Errorf("count invitations: %w", err)
	}
	if n.Everybody >= invitationsADay || n.Address >= sameAddressADay {
		return tooManyInvitations(invitationsReset)
	}
	return nil
}

// notMember refuses the address of a member, also of a suspended one: an invitation must not undo a suspension.
func notMember(ctx context.Context, tx *db.TenantTx, email string) error {
	_, err := MemberByEmail(ctx, tx, email)
	switch {
	case err == nil:
		return errs.New(errs.Conflict, "email_in_use", "A member has this address.")
	case errs.As(err).Kind == errs.Missing:
		return nil
	default:
		return err
	}
}

func (i Invitation) maySendAgain(now time.Time) error {
	if wait := i.SentAt.Add(betweenTwoSends).Sub(now); wait > 0 {
		return tooManyInvitations(wait)
	}
	if i.Sends >= sendsOfOne {
		return errs.New(errs.Conflict, "invitation_over", "This invitation was sent often enough. Revoke it and make a new one.")
	}
	return nil
}

// voidInvitations ends what a member has asked others to do, when they lose the right to ask.
func voidInvitations(ctx context.Context, tx *db.TenantTx, old, m Membership) error {
	if m.Status == MemberActive {
		if ok, err := reaches(ctx, tx, m.Role, old.Role); ok || err != nil {
			return err
		}
	}
	return endInvitations(ctx, tx, "(invited_by = ? OR invited_key IN (SELECT id FROM api_keys WHERE tenant_id = ? AND created_by = ?))", m.ID, tx.Tenant, m.ID)
}

// voidInvitationsBy ends what those who hold a custom role have asked people to do, when the role loses something.
func voidInvitationsBy(ctx context.Context, tx *db.TenantTx, role rbac.Role) error {
	const holders = "SELECT id FROM memberships WHERE tenant_id = ? AND role = ?"
	return endInvitations(ctx, tx, "(invited_by IN ("+holders+") OR invited_key IN (SELECT id FROM api_keys WHERE tenant_id = ? AND created_by IN ("+holders+")))",
		tx.Tenant, role, tx.Tenant, tx.Tenant, role)
}

// voidInvitationsOf ends what a key has asked people to do.
func voidInvitationsOf(ctx context.Context, tx *db.TenantTx, key id.Key) error {
	return endInvitations(ctx, tx, "invited_key = ?", key)
}

func endInvitations(ctx context.Context, tx *db.TenantTx, which string, args ...any) error {
	open, err := db.Of[Invitation](tx.DB, locked).Where("accepted_at IS NULL AND revoked_at IS NULL").Where(which, args...).Order("id").Find(ctx)
	if err != nil {
		return fmt.Errorf("list invitations to end: %w", err)
	}
	for _, i := range open {
		if err := i.end(ctx, tx); err != nil {
			return err
		}
		if err := events.Record(ctx, tx, events.InvitationRevoked, i.ID, events.Data{"email": i.Email, "inviter": "gone"}); err != nil {
			return err
		}
	}
	return nil
}
