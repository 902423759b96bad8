package sessions

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Claims is what a verified access token says. Role and Plan are as of IssuedAt: good to show, not to decide by.
type Claims struct {
	Tenant     id.Tenant
	User       id.User
	Membership id.Membership
	Session    id.Session
	Role       rbac.Role
	Plan       billing.Plan

	Method   string   // oidc, google or link
	AMR      []string // shared with the cache: not to be changed
	AuthTime time.Time

	Actor     id.User // who really acts, when acting for another
	ActingFor id.User

	ID       string // of this one token
	IssuedAt time.Time
	Expires  time.Time
}
