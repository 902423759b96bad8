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
)

// ErrLinkUsed is the one answer to a sign-in link that is unknown, used, expired or of a person who may not enter.
var ErrLinkUsed = errs.New(errs.Gone, "link_unusable", "This sign-in link has been used or has expired. Ask for a new one.")

type link struct {
	ID           id.Link `gorm:"primaryKey"`
	MembershipID id.Membership
	Hash         []byte
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt    time.Time
	UsedAt       *time.Time
}

func (link) TableName() string { return "sign_in_links" }

// IssueLink makes a one-time sign-in link for a member. The credential is shown once; only its hash is stored. Whoever holds a link is the
// member, so only the operator and Gatehouse itself may make one.
func IssueLink(ctx context.Context, tx *db.TenantTx, m Membership, ttl time.Duration) (secret.Credential, error) {
	if kind := authn.From(ctx).Kind; kind != authn.Operator && kind != authn.System {
		return secret.Credential{}, ErrRoleTooHigh
	}
	if ttl <= 0 {
		return secret.Credential{}, errs.InvalidField("ttl", "A link has to live for some time.")
	}
	if m.Status != MemberActive {
		return secret.Credential{}, errs.New(errs.Conflict, "member_suspended", "This member is not active.")
	}
	l := link{ID: id.New[id.Link](), MembershipID: m.ID, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(ttl)}
	cred := secret.Issue(secret.PrefixSignInLink, tx.Tenant.Bytes(), l.ID.Bytes(), 0)
	hash := cred.Hash()
	l.Hash = hash[:]
	if err := db.Of[link](tx.DB).Create(ctx, &l); err != nil {
		return secret.Credential{}, fmt.Errorf("create sign-in link: %w", err)
	}
	return cred, events.Record(ctx, tx, events.LinkIssued, m.ID, events.Data{"expires_at": l.ExpiresAt})
}

// RedeemLink uses a link up and returns its member, who is active. Of many at once, one succeeds. That the tenant may be entered (it may be
// suspended) is for the caller to ask.
func RedeemLink(ctx context.Context, tx *db.TenantTx, cred secret.Credential) (Membership, error) {
	if cred.Generation != 0 { // not one that was issued, but another spelling of it
		return Membership{}, ErrLinkUsed
	}
	var used []struct{ MembershipID id.Membership }
	hash := cred.Hash()
	err := tx.DB.Raw(`UPDATE sign_in_links SET used_at = ? WHERE tenant_id = ? AND id = ? AND hash = ? AND used_at IS NULL AND expires_at > ?
		AND NOT EXISTS (SELECT FROM tenants WHERE id = ? AND status = 'deleted')
		RETURNING membership_id`, tx.Now, tx.Tenant, id.From[id.Link](cred.ID), hash[:], tx.Now, tx.Tenant).Scan(&used).Error
	if err != nil {
		return Membership{}, fmt.Errorf("redeem sign-in link: %w", err)
	}
	if len(used) == 0 {
		return Membership{}, ErrLinkUsed
	}
	m, err := Member(ctx, tx, used[0].MembershipID)
	if err != nil || m.Status != MemberActive {
		return Membership{}, db.Keep(ErrLinkUsed.Because(err)) // it stays used: resuming the member does not bring it back
	}
	return m, nil
}
