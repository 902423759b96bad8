package rbac

import (
	"fmt"
	"regexp"
	"slices"
)

// Role is the name of a set of permissions that a membership or an API key holds.
type Role string

// The built-in roles. Each includes all that the next may do, in every catalog.
const (
	Owner  Role = "owner"
	Admin  Role = "admin"
	Member Role = "member"
	Viewer Role = "viewer"
)

var (
	roleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

	// reserved names would read as an authority that no tenant's role has.
	reserved = []Role{
		"all", "anonymous", "any", "everyone", "gatehouse", "nobody", "none", "operator", "root", "self",
		"superuser", "support", "system",
	}
)

// customName is the text form of the id of a custom role.
var customName = regexp.MustCompile(`^rol_[0-9a-z]{26}$`)

// Custom reports whether r has the form of the id of a role that a tenant has made. It does not say that any tenant has it.
func (r Role) Custom() bool { return customName.MatchString(string(r)) }

// ReservedRoles returns the names that would read as an authority that no tenant's role has.
func ReservedRoles() []string {
	var names []string
	for _, r := range reserved {
		names = append(names, string(r))
	}
	return names
}

// BuiltinRoles returns the four roles that every catalog has, lowest first.
func BuiltinRoles() []Role { return []Role{Viewer, Member, Admin, Owner} }

// Rank returns the place of a built-in role in their order: 1 for viewer up to 4 for owner. It is 0 for every
// other role, and a role of rank 0 neither grants nor is granted by [CanGrant].
func (r Role) Rank() int { return slices.Index(BuiltinRoles(), r) + 1 }

// Builtin reports whether r is one of the four roles that every catalog has.
func (r Role) Builtin() bool { return r.Rank() > 0 }

// CanGrant reports whether an actor with one built-in role may give, change or take away another: nobody reaches
// above their own, so an owner is made by owners alone. It says nothing of whether the actor may change members
// at all. [Table.CanGrant] also knows the roles that a catalog adds.
func CanGrant(actor, granted Role) bool {
	return granted.Builtin() && actor.Rank() >= granted.Rank()
}

// ParseRole returns name as a Role if it has the form of one and is not reserved. It does not say that any
// catalog has it.
func ParseRole(name string) (Role, error) {
	if !roleName.MatchString(name) {
		return "", fmt.Errorf("role name %q is not 1 to 32 of a-z, 0-9, _ and -, beginning with a letter", name)
	}
	if slices.Contains(reserved, Role(name)) {
		return "", fmt.Errorf("role name %q is reserved", name)
	}
	return Role(name), nil
}
