package sso

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	setupLinkLife    = 7 * 24 * time.Hour
	setupLinkLongest = 30 * 24 * time.Hour
	maxSetupLinks    = 20 // of a tenant, that can be opened or are in use
)

// SetupLink lets somebody outside of a tenant set up one connection of it. It is opened once, and whoever opened it works on for a day.
type SetupLink struct {
	ID           id.SetupLink `gorm:"primaryKey"`
	Hash         []byte       `json:"-"`
	Email        string       // where it was sent; "" if it was handed over otherwise
	ConnectionID id.Connection
	// Existing says that the link was made for a connection that was there: only an owner hands that out.
	Existing         bool
	CreatedBy        id.Membership // zero for the operator
	CreatedAt        time.Time     `gorm:"autoCreateTime:false"`
	ExpiresAt        time.Time     // when it can be opened no more
	OpenedAt         *time.Time
	SessionHash      []byte `json:"-"`
	SessionExpiresAt *time.Time
	UsedAt           *time.Time // when something was configured with it first
	RevokedAt        *time.Time
}

// TableName implements GORM's Tabler.
func (SetupLink) TableName() string { return "setup_links" }

// NewSetupLink is what a link is made of.
type NewSetupLink struct {
	Email      string        // where to send it; "" sends it nowhere
	Connection id.Connection // the one to set up; zero for a new one
	ExpiresAt  time.Time     // zero is in a week
}

// ErrSetupLink is the one answer to a set-up link, or the session of one, that cannot be used, whatever the reason.
var ErrSetupLink = errs.New(errs.Gone, "setup_link_unusable", "This set-up link has been used, has been revoked or has expired. Ask whoever sent it for a new one.")

// IssueSetupLink makes a link. Its credential is shown once; only a hash is stored. An administrator or owner makes it who has just signed
// in, an API key never, and one for a connection that is there only an owner.
func IssueSetupLink(ctx context.Context, tx *db.TenantTx, in NewSetupLink) (SetupLink, secret.Credential, error) {
	l := SetupLink{
		ID: id.New[id.SetupLink](), ConnectionID: in.Connection, Existing: !in.Connection.IsZero(), CreatedBy: authn.From(ctx).Membership,
		CreatedAt: tx.Now, ExpiresAt: in.ExpiresAt.UTC(),
	}
	if err := l.check(ctx, tx, in); err != nil {
		return SetupLink{}, secret.Credential{}, err
	}
	if err := roomForLink(ctx, tx); err != nil {
		return SetupLink{}, secret.Credential{}, err
	}
	cred := secret.Issue(secret.PrefixSetupLink, tx.Tenant.Bytes(), l.ID.Bytes(), 0)
	hash := cred.Hash()
	l.Hash = hash[:]
	if err := db.Of[SetupLink](tx.DB).Create(ctx, &l); err != nil {
		return SetupLink{}, secret.Credential{}, fmt.Errorf("create set-up link: %w", err)
	}
	return l, cred, events.Record(ctx, tx, events.SetupLinkCreated, l.ID, l.describe())
}

func (l *SetupLink) check(ctx context.Context, tx *db.TenantTx, in NewSetupLink) error {
	if err := mayHandOut(ctx, tx, *l); err != nil {
		return err
	}
	if in.Email != "" {
		email, err := tenants.ParseEmail(in.Email)
		if err != nil {
			return err
		}
		l.Email = email.Address
	}
	if in.ExpiresAt.IsZero() {
		l.ExpiresAt = tx.Now.Add(setupLinkLife)
	}
	if !l.ExpiresAt.After(tx.Now) || l.ExpiresAt.After(tx.Now.Add(setupLinkLongest)) {
		return errs.InvalidField("expires_at", "Use a time within the next 30 days.")
	}
	if !l.Existing {
		return nil
	}
	_, err := ConnectionByID(ctx, tx, in.Connection)
	return err
}

// mayHandOut says who may make a link. The routes ask for the permission; this holds whatever the catalog gives to a role.
func mayHandOut(ctx context.Context, tx *db.TenantTx, l SetupLink) error {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return nil
	case authn.APIKey: // it would outlive its own revocation
		return tenants.ErrPersonOnly
	case authn.Setup, authn.Anonymous:
		return errForbidden
	case authn.Member:
	}
	if !rbac.CanGrant(rbac.Role(p.Role), l.needs()) {
		return l.tooLow()
	}
	if !seenLately(p.AuthTime, tx.Now) {
		return ErrReauthRequired
	}
	return nil
}

// needs is the role that a person must have for as long as a link of theirs counts.
func (l SetupLink) needs() rbac.Role {
	if l.Existing {
		return rbac.Owner
	}
	return rbac.Admin
}

func (l SetupLink) tooLow() error {
	if l.Existing {
		return tenants.ErrOwnerRequired
	}
	return errForbidden
}

var errForbidden = errs.New(errs.Forbidden, "forbidden", "You may not do this.")

// roomForLink counts and adds in one step.
func roomForLink(ctx context.Context, tx *db.TenantTx) error {
	g := tx.DB.WithContext(ctx)
	if err := g.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "setup links "+tx.Tenant.String()).Error; err != nil {
		return fmt.Errorf("lock the set-up links: %w", err)
	}
	var n int64
	err := g.Raw(`SELECT count(*) FROM setup_links WHERE tenant_id = ? AND revoked_at IS NULL
		AND (opened_at IS NULL AND expires_at > ? OR session_expires_at > ?)`, tx.Tenant, tx.Now, tx.Now).Scan(&n).Error
	if err != nil {
		return fmt.Errorf("count set-up links: %w", err)
	}
	if n >= maxSetupLinks {
		return errs.New(errs.Conflict, "too_many_setup_links", "There are as many set-up links as there may be. Revoke one that is not needed.")
	}
	return nil
}

// SetupLinks lists the tenant's links, oldest first, after the given id.
func SetupLinks(ctx context.Context, tx *db.TenantTx, after id.SetupLink, limit int) ([]SetupLink, error) {
	q := db.Of[SetupLink](tx.DB).Order("id").Limit(limit)
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list set-up links: %w", err)
	}
	return list, nil
}

// LatestSetupLinks lists at most limit of the tenant's links, newest first, older than before (zero: from the newest).
func LatestSetupLinks(ctx context.Context, tx *db.TenantTx, before id.SetupLink, limit int) ([]SetupLink, error) {
	q := db.Of[SetupLink](tx.DB).Order("id DESC").Limit(limit)
	if !before.IsZero() {
		q = q.Where("id < ?", before)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the latest set-up links: %w", err)
	}
	return list, nil
}

// RevokeSetupLink ends a link and the session of who opened it, at once. What was set up with it stays. To revoke it again changes nothing.
func RevokeSetupLink(ctx context.Context, tx *db.TenantTx, which id.SetupLink) error {
	if k := authn.From(ctx).Kind; k == authn.Setup || k == authn.Anonymous {
		return errForbidden
	}
	l, err := lockLink(ctx, tx, which)
	if err != nil || l.RevokedAt != nil {
		return err
	}
	l.RevokedAt = &tx.Now
	if err := l.store(ctx, tx, "revoked_at"); err != nil {
		return err
	}
	return events.Record(ctx, tx, events.SetupLinkRevoked, l.ID, l.describe())
}

// lockLink reads a link for a change.
func lockLink(ctx context.Context, tx *db.TenantTx, which id.SetupLink) (SetupLink, error) {
	l, err := db.Of[SetupLink](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", which).Take(ctx)
	if db.IsMissing(err) {
		return SetupLink{}, errs.NotFound("set-up link")
	}
	if err != nil {
		return SetupLink{}, fmt.Errorf("load set-up link %s: %w", which, err)
	}
	return l, nil
}

func (l SetupLink) store(ctx context.Context, tx *db.TenantTx, column string, more ...any) error {
	if _, err := db.Of[SetupLink](tx.DB).Where("id = ?", l.ID).Select(column, more...).Updates(ctx, l); err != nil {
		return fmt.Errorf("store set-up link %s: %w", l.ID, err)
	}
	return nil
}

func (l SetupLink) describe() events.Data {
	data := events.Data{"expires_at": l.ExpiresAt}
	if l.Email != "" {
		data["email"] = l.Email
	}
	if !l.ConnectionID.IsZero() {
		data["connection"] = l.ConnectionID
	}
	return data
}

// SetupLinkStatus is how far a link has come.
type SetupLinkStatus string

// The states of a link. One that is opened ends as expired, a day later.
const (
	SetupLinkPending SetupLinkStatus = "pending"
	SetupLinkInUse   SetupLinkStatus = "opened"
	SetupLinkOver    SetupLinkStatus = "expired"
	SetupLinkEnded   SetupLinkStatus = "revoked"
)

// Status is that of the link at a time. It does not look at whoever made it, without whom a link counts for nothing.
func (l SetupLink) Status(now time.Time) SetupLinkStatus {
	switch {
	case l.RevokedAt != nil:
		return SetupLinkEnded
	case l.SessionExpiresAt != nil && now.Before(*l.SessionExpiresAt):
		return SetupLinkInUse
	case l.OpenedAt == nil && now.Before(l.ExpiresAt):
		return SetupLinkPending
	default:
		return SetupLinkOver
	}
}
