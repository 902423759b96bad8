package sessions

import (
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Issued is a fresh pair of tokens. At is the moment it was made, by the database's clock.
type Issued struct {
	Session        id.Session
	Tenant         id.Tenant
	At             time.Time
	Access         string
	AccessExpires  time.Time
	Refresh        string
	RefreshExpires time.Time
}

// limits is when a session ends by itself.
type limits struct {
	IdleSeconds int64
	ExpiresAt   time.Time
}

// end is when a session that was last refreshed at a time is over.
func (l limits) end(refreshed time.Time) time.Time {
	if idle := refreshed.Add(l.idle()); idle.Before(l.ExpiresAt) {
		return idle
	}
	return l.ExpiresAt
}

// access is when an access token made now expires: never after its session, and early enough that a session in use is refreshed before
// it counts as idle.
func (l limits) access(now time.Time) time.Time {
	expires := now.Add(min(AccessLifetime, l.idle()/2))
	if l.ExpiresAt.Before(expires) {
		return l.ExpiresAt
	}
	return expires
}

func (l limits) idle() time.Duration { return time.Duration(l.IdleSeconds) * time.Second }
