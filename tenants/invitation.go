package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Invitation asks somebody who is no member to become one. Its link is not among its fields: it is stored as a hash and mailed to the
// address alone.
type Invitation struct {
	ID         id.Invitation `gorm:"primaryKey"`
	Email      string        // normalized
	Role       rbac.Role
	Hash       []byte        `json:"-"`
	InvitedBy  id.Membership // who answers for it; zero for a key or the operator
	InvitedKey id.Key
	Sends      int64     // how often its link was mailed
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	SentAt     time.Time
	ExpiresAt  time.Time
	AcceptedAt *time.Time
	AcceptedBy id.Membership
	RevokedAt  *time.Time
}

// TableName implements GORM's Tabler.
func (Invitation) TableName() string { return "invitations" }

// InvitationStatus is what became of an invitation.
type InvitationStatus string

// The states.
const (
	InvitationPending  InvitationStatus = "pending"
	InvitationAccepted InvitationStatus = "accepted"
	InvitationRevoked  InvitationStatus = "revoked"
	InvitationExpired  InvitationStatus = "expired"
)

// Status says what became of the invitation until now.
func (i Invitation) Status(now time.Time) InvitationStatus {
	switch {
	case i.AcceptedAt != nil:
		return InvitationAccepted
	case i.RevokedAt != nil:
		return InvitationRevoked
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	default:
		return InvitationPending
	}
}

// ErrInvitationUnusable is the one answer to an invitation that is unknown, accepted, revoked or expired.
var ErrInvitationUnusable = errs.New(errs.Missing, "invitation_unusable", "This invitation cannot be used. Ask who invited you for a new one.")

// ErrInvitationExists asks to send the invitation that is there once more.
var ErrInvitationExists = errs.New(errs.Conflict, "invitation_exists", "This address is invited already. Send the invitation again, or revoke it.")

// invitationLife is how long a link works after it was mailed.
const invitationLife = 7 * 24 * time.Hour

// NewInvitation is what an invitation is made of.
type NewInvitation struct {
	Email string
	Role  rbac.Role
}

// Invite makes an invitation with a role not above the caller's, and the credential of its link, which is for the invited address alone. An
// address of a member, suspended or not, is the conflict email_in_use; one that is invited already is [ErrInvitationExists].
func Invite(ctx context.Context, tx *db.TenantTx, in NewInvitation) (Invitation, secret.Credential, error) {
	email, err := ParseEmail(in.Email)
	if err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := CheckRole(ctx, tx, "role", in.Role); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := mayGrant(ctx, tx, in.Role); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := mayInvite(ctx, tx, email.Address); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := makeRoom(ctx, tx, email.Address); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	i := Invitation{ID: id.New[id.Invitation](), Email: email.Address, Role: in.Role, CreatedAt: tx.Now}
	cred := i.issue(ctx, tx)
	if err := db.Of[Invitation](tx.DB).Create(ctx, &i); err != nil {
		return Invitation{}, secret.Credential{}, fmt.Errorf("create invitation: %w", err)
	}
	return i, cred, events.Record(ctx, tx, events.InvitationSent, i.ID, events.Data{"email": i.Email, "role": i.Role})
}

// makeRoom ends an invitation of the address that nobody can use any more.
func makeRoom(ctx context.Context, tx *db.TenantTx, email string) error {
	open, err := db.Of[Invitation](tx.DB, locked).Where("email = ? AND accepted_at IS NULL AND revoked_at IS NULL", email).First(ctx)
	switch {
	case db.IsMissing(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for an invitation: %w", err)
	case open.Status(tx.Now) == InvitationPending:
		return ErrInvitationExists.With("invitation", open.ID)
	default:
		return open.end(ctx, tx)
	}
}

// Resend gives a pending or expired invitation a new link, by which the old one stops working. Whoever sends it answers for it from now on.
func Resend(ctx context.Context, tx *db.TenantTx, which id.Invitation) (Invitation, secret.Credential, error) {
	i, err := lockInvitation(ctx, tx, which)
	if err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if i.AcceptedAt != nil || i.RevokedAt != nil {
		return Invitation{}, secret.Credential{}, errs.New(errs.Conflict, "invitation_over", "This invitation was accepted or revoked. Make a new one.")
	}
	if err := mayGrant(ctx, tx, i.Role); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := i.maySendAgain(tx.Now); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	if err := notMember(ctx, tx, i.Email); err != nil {
		return Invitation{}, secret.Credential{}, err
	}
	cred := i.issue(ctx, tx)
	_, err = db.Of[Invitation](tx.DB).Where("id = ?", i.ID).Select("hash", "invited_by", "invited_key", "sends", "sent_at", "expires_at").Updates(ctx, i)
	if err != nil {
		return Invitation{}, secret.Credential{}, fmt.Errorf("renew invitation %s: %w", i.ID, err)
	}
	return i, cred, events.Record(ctx, tx, events.InvitationResent, i.ID, events.Data{"email": i.Email})
}

// issue makes a new link in the name of the caller.
func (i *Invitation) issue(ctx context.Context, tx *db.TenantTx) secret.Credential {
	p := authn.From(ctx)
	i.InvitedBy, i.InvitedKey = p.Membership, p.Key
	i.Sends++
	i.SentAt, i.ExpiresAt = tx.Now, tx.Now.Add(invitationLife)
	cred := secret.Issue(secret.PrefixInvitation, tx.Tenant.Bytes(), i.ID.Bytes(), 0)
	hash := cred.Hash()
	i.Hash = hash[:]
	return cred
}

// RevokeInvitation ends an invitation that was not accepted.
func RevokeInvitation(ctx context.Context, tx *db.TenantTx, which id.Invitation) error {
	i, err := lockInvitation(ctx, tx, which)
	if err != nil || i.RevokedAt != nil {
		return err
	}
	if i.AcceptedAt != nil {
		return errs.New(errs.Conflict, "invitation_over", "This invitation was accepted. Remove the member instead.")
	}
	if err := mayGrant(ctx, tx, i.Role); err != nil {
		return err
	}
	if err := i.end(ctx, tx); err != nil {
		return err
	}
	return events.Record(ctx, tx, events.InvitationRevoked, i.ID, events.Data{"email": i.Email})
}

func (i Invitation) end(ctx context.Context, tx *db.TenantTx) error {
	i.RevokedAt = &tx.Now
	if _, err := db.Of[Invitation](tx.DB).Where("id = ?", i.ID).Select("revoked_at").Updates(ctx, i); err != nil {
		return fmt.Errorf("revoke invitation %s: %w", i.ID, err)
	}
	return nil
}

// Invitations lists the invitations of the tenant, oldest first, after the given id.
func Invitations(ctx context.Context, tx *db.TenantTx, after id.Invitation, limit int) ([]Invitation, error) {
	q := db.Of[Invitation](tx.DB).Order("id").Limit(limit)
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return list, nil
}

// WaitingInvitations lists at most limit invitations that were neither accepted nor revoked, expired ones among them, newest first, older
// than before (zero: from the newest).
func WaitingInvitations(ctx context.Context, tx *db.TenantTx, before id.Invitation, limit int) ([]Invitation, error) {
	q := db.Of[Invitation](tx.DB).Where("accepted_at IS NULL AND revoked_at IS NULL").Order("id DESC").Limit(limit)
	if !before.IsZero() {
		q = q.Where("id < ?", before)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list invitations that wait: %w", err)
	}
	return list, nil
}

func lockInvitation(ctx context.Context, tx *db.TenantTx, which id.Invitation) (Invitation, error) {
	i, err := db.Of[Invitation](tx.DB, locked).Where("id = ?", which).First(ctx)
	if db.IsMissing(err) {
		return Invitation{}, errs.NotFound("invitation")
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("load invitation %s: %w", which, err)
	}
	return i, nil
}
