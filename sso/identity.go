package sso

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// LinkedIdentity is a way in for one person: an external identity that was proven once.
type LinkedIdentity struct {
	ID           id.Identity `gorm:"primaryKey"`
	UserID       id.User
	ConnectionID id.Connection
	Issuer       string
	Subject      string
	Email        string    // as the provider last said it
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	LastUsedAt   *time.Time
}

// TableName implements GORM's Tabler.
func (LinkedIdentity) TableName() string { return "identities" }

// lookUp finds the identity by its triple, byte for byte.
func lookUp(ctx context.Context, sys *db.SystemTx, c id.Connection, who Identity) (LinkedIdentity, error) {
	i, err := db.Of[LinkedIdentity](sys.DB).
		Where("connection_id = ? AND issuer = ? AND subject = ?", c, who.Issuer, who.Subject).First(ctx)
	if db.IsMissing(err) {
		return LinkedIdentity{}, errs.NotFound("identity")
	}
	if err != nil {
		return LinkedIdentity{}, fmt.Errorf("look up identity: %w", err)
	}
	return i, nil
}

// lookUpAlone is lookUp for an identity that seems to be unknown. Of first sign-ins at once one makes the person, while the others wait
// here and then find it.
func lookUpAlone(ctx context.Context, sys *db.SystemTx, c id.Connection, who Identity) (LinkedIdentity, error) {
	key := strings.Join([]string{"identity", c.String(), who.Issuer, who.Subject}, " ")
	if err := sys.DB.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", key).Error; err != nil {
		return LinkedIdentity{}, fmt.Errorf("wait for an identity: %w", err)
	}
	return lookUp(ctx, sys, c, who)
}

// link adds an identity to a person. That somebody has it already is the conflict identity_in_use.
func link(ctx context.Context, sys *db.SystemTx, user id.User, c id.Connection, who Identity) (LinkedIdentity, error) {
	i := LinkedIdentity{
		ID: id.New[id.Identity](), UserID: user, ConnectionID: c, Issuer: who.Issuer, Subject: who.Subject, Email: cutEmail(who.Email),
		CreatedAt: sys.Now, LastUsedAt: &sys.Now,
	}
	if err := db.Of[LinkedIdentity](sys.DB).Create(ctx, &i); err != nil {
		return LinkedIdentity{}, fmt.Errorf("link identity: %w", err)
	}
	return i, nil
}

// stillTheirs says that the identity which made a session is still its person's, and keeps that true until the scope ends.
func (l liveSession) stillTheirs(ctx context.Context, sys *db.SystemTx, user id.User) (bool, error) {
	done := sys.DB.WithContext(ctx).Exec("SELECT 1 FROM identities WHERE user_id = ? AND connection_id = ? AND issuer = ? AND subject = ? FOR SHARE",
		user, l.ConnectionID, l.Issuer, l.Subject)
	if done.Error != nil {
		return false, fmt.Errorf("look for the identity of a session: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

// touch notes that an identity was used. One that was taken away since it was looked up is not known any more.
func touch(ctx context.Context, sys *db.SystemTx, i LinkedIdentity, email string) error {
	i.LastUsedAt, i.Email = &sys.Now, cutEmail(email)
	n, err := db.Of[LinkedIdentity](sys.DB).Where("id = ?", i.ID).Select("last_used_at", "email").Updates(ctx, i)
	if err != nil {
		return fmt.Errorf("note the use of identity %s: %w", i.ID, err)
	}
	if n == 0 {
		return Refuse(NoAccount)
	}
	return nil
}

// hasIdentity says whether a person has any identity at a connection's issuer.
func hasIdentity(ctx context.Context, sys *db.SystemTx, user id.User, c id.Connection, issuer string) (bool, error) {
	n, err := db.Of[LinkedIdentity](sys.DB).Where("user_id = ? AND connection_id = ? AND issuer = ?", user, c, issuer).Count(ctx, "id")
	if err != nil {
		return false, fmt.Errorf("count identities: %w", err)
	}
	return n > 0, nil
}

// cutEmail keeps as much of what a provider calls an address as one can have.
func cutEmail(s string) string {
	const most = 254 // RFC 5321, section 4.5.3.1.3
	for i := range s {
		if i > most {
			return s[:i]
		}
	}
	return s
}

// AddIdentity links an identity that an operator vouches for: who sets up an installation may know the provider's subject before the
// person first comes. That somebody has it already is the conflict identity_in_use.
func AddIdentity(ctx context.Context, sys *db.SystemTx, user id.User, c id.Connection, who Identity) error {
	_, err := link(ctx, sys, user, c, who)
	return err
}
