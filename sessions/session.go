package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Session is a session as its owner sees it.
type Session struct {
	ID           id.Session `gorm:"primaryKey"`
	MembershipID id.Membership
	UserID       id.User
	Method       string // oidc, google or link
	ConnectionID id.Connection
	AuthTime     time.Time
	UserAgent    string // of the last refresh, like Address
	Address      string
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	LastSeenAt   time.Time
	IdleSeconds  int64
	ExpiresAt    time.Time
}

// TableName implements GORM's Tabler.
func (Session) TableName() string { return "sessions" }

// maxListed bounds a list that nobody pages through.
const maxListed = 100

// live holds for sessions that can still be refreshed. Its argument is the present time, twice.
const live = "revoked_at IS NULL AND expires_at > ? AND refreshed_at + make_interval(secs => idle_seconds) > ?"

// List returns the sessions of a membership that still stand, the one used last first, at most 100.
func List(ctx context.Context, tx *db.TenantTx, membership id.Membership) ([]Session, error) {
	list, err := db.Of[Session](tx.DB).Where("membership_id = ?", membership).Where(live, tx.Now, tx.Now).
		Order("last_seen_at DESC, id DESC").Limit(maxListed).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}
