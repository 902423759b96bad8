package sso

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// MemberGroups is what a provider last said of a member's groups, as far as it matters: those that the connection gives a role for, and
// some of the others, for who sets the mapping up.
type MemberGroups struct {
	MembershipID id.Membership `gorm:"primaryKey"`
	ConnectionID id.Connection `gorm:"primaryKey"`
	Groups       []string      `gorm:"serializer:json"`
	Role         rbac.Role     // that follows from them; an owner stays one all the same
	Unknown      UnknownGroups `gorm:"serializer:json"`
	UpdatedAt    time.Time     `gorm:"autoUpdateTime:false"`
}

// TableName implements GORM's Tabler.
func (MemberGroups) TableName() string { return "member_groups" }

// UnknownGroups are groups that a connection gives no role for: how many there are, and the first of them.
type UnknownGroups struct {
	Count int      `json:"count"`
	First []string `json:"first,omitempty"`
}

const maxUnknownGroups = 200

// standing is what follows from the groups of a person.
func (c Connection) standing(groups []string) MemberGroups {
	in := make(map[string]bool, len(groups))
	for _, g := range groups {
		in[g] = true
	}
	s := MemberGroups{ConnectionID: c.ID}
	mapped := make(map[string]bool, len(c.GroupRoles))
	for _, m := range c.GroupRoles {
		mapped[m.Group] = true
		if !in[m.Group] || !lendable(m.Role) { // a mapping that no draft can have gives nothing
			continue
		}
		s.Groups = append(s.Groups, m.Group)
		if s.Role == "" {
			s.Role = m.Role
		}
	}
	if s.Role == "" {
		s.Role = c.DefaultRole
	}
	for _, g := range groups {
		if mapped[g] || !in[g] {
			continue
		}
		in[g] = false // named twice, counted once
		if s.Unknown.Count++; len(s.Unknown.First) < maxUnknownGroups {
			s.Unknown.First = append(s.Unknown.First, shown(g))
		}
	}
	return s
}

// standingNow is standing by the roles that there are, which stay until the scope ends. Where the role of somebody's group is not there any more
// they get that of who joins; no later line takes its place, since that was meant for others. Lost is that role then.
func (c Connection) standingNow(ctx context.Context, tx *db.TenantTx, groups []string) (s MemberGroups, lost rbac.Role, err error) {
	s = c.standing(groups)
	err = tenants.CheckRole(ctx, tx, "group_roles", s.Role)
	if err != nil && errs.As(err).Kind == errs.Invalid {
		lost, s.Role, err = s.Role, c.DefaultRole, nil
	}
	return s, lost, err
}

// mapsGroups says that the provider decides the roles of its people.
func (c Connection) mapsGroups() bool { return len(c.GroupRoles) > 0 }

// SetGroups gives a member the role that follows from their groups at a connection's provider, and remembers the groups. Where no group has
// a role, groups change nothing. Owners keep their role whatever a provider says, everybody else gets what it says, also who was given
// another role by hand: with a mapping, roles are the provider's.
func SetGroups(ctx context.Context, tx *db.TenantTx, c Connection, m tenants.Membership, groups []string) (tenants.Membership, error) {
	if !c.mapsGroups() {
		return m, nil
	}
	s, _, err := c.standingNow(ctx, tx, groups)
	if err != nil {
		return m, err
	}
	s.MembershipID, s.UpdatedAt = m.ID, tx.Now
	if s.Role != m.Role && m.Role != rbac.Owner {
		if m, err = tenants.FollowProvider(ctx, tx, m.ID, s.Role, c.ID); err != nil {
			return m, err
		}
	}
	latest := clause.OnConflict{
		Columns:   []clause.Column{{Name: "tenant_id"}, {Name: "membership_id"}, {Name: "connection_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"groups", "role", "unknown", "updated_at"}),
	}
	if err := db.Of[MemberGroups](tx.DB, latest).Create(ctx, &s); err != nil {
		return m, fmt.Errorf("remember the groups of member %s: %w", m.ID, err)
	}
	return m, nil
}

// GroupsOf is what a connection's provider last said of a member's groups; errs.NotFound if it never said anything.
func GroupsOf(ctx context.Context, tx *db.TenantTx, m id.Membership, c id.Connection) (MemberGroups, error) {
	g, err := db.Of[MemberGroups](tx.DB).Where("membership_id = ? AND connection_id = ?", m, c).First(ctx)
	if db.IsMissing(err) {
		return MemberGroups{}, errs.NotFound("groups")
	}
	if err != nil {
		return MemberGroups{}, fmt.Errorf("load the groups of member %s: %w", m, err)
	}
	return g, nil
}

// follow gives a member the role that follows from what was just proven. A claim of groups that is missing says nothing about groups (Entra
// leaves it out for who has many), so it changes nothing.
func (e entrance) follow(ctx context.Context, tx *db.TenantTx, m tenants.Membership) (tenants.Membership, error) {
	if err := e.keepGroups(ctx, tx, m); err != nil {
		return m, err
	}
	if !e.connection.mapsGroups() {
		return m, nil
	}
	if e.who.GroupsMissing {
		e.trail.Pass("groups", "none were sent: the role stays")
		return m, nil
	}
	s, lost, err := e.connection.standingNow(ctx, tx, e.who.Groups)
	if err != nil {
		return m, err
	}
	e.trail.Pass("groups", strings.Join(s.Groups, ", "))
	if s.Unknown.Count > 0 {
		e.trail.Pass("groups without a role", fmt.Sprintf("%d: %s", s.Unknown.Count, strings.Join(s.Unknown.First, ", ")))
	}
	if lost != "" {
		e.trail.Pass("role of the group", "not there any more: that of who joins takes its place")
	}
	if m, err = SetGroups(ctx, tx, e.connection, m, e.who.Groups); err != nil {
		return m, err
	}
	name, err := tenants.RoleName(ctx, tx, m.Role)
	e.trail.Pass("role", name)
	return m, err
}
