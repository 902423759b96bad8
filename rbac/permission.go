package rbac

import (
	"fmt"
	"regexp"
)

// Permission is the name of one thing that a role may do, in the form "thing:verb".
type Permission string

// Gatehouse's own permissions, which its routes ask for. No catalog can remove them.
const (
	TenantRead       Permission = "tenant:read"
	TenantWrite      Permission = "tenant:write"
	TenantDelete     Permission = "tenant:delete"
	MembersRead      Permission = "members:read"
	MembersWrite     Permission = "members:write"
	ConnectionsRead  Permission = "connections:read"
	ConnectionsWrite Permission = "connections:write"
	SessionsRead     Permission = "sessions:read"
	SessionsWrite    Permission = "sessions:write"
	APIKeysRead      Permission = "api_keys:read"
	APIKeysWrite     Permission = "api_keys:write"
	DomainsRead      Permission = "domains:read"
	DomainsWrite     Permission = "domains:write"
	EventsRead       Permission = "events:read"
	UsageRead        Permission = "usage:read"
	UsageWrite       Permission = "usage:write"
	RolesRead        Permission = "roles:read"
	RolesWrite       Permission = "roles:write"
)

// Self guards what belongs to the caller alone, such as their own sessions: every role has it on every tier.
// Its name has no colon, so that [ParsePermission] refuses it and no catalog or request can name it.
const Self Permission = "self"

// OwnersOnly reports whether a permission stays with the role owner: no custom role has it, whoever makes it.
func (p Permission) OwnersOnly() bool { return p == TenantDelete }

const maxPermission = 100

var permissionName = regexp.MustCompile(`^[a-z][a-z0-9_.-]*:[a-z][a-z0-9_.-]*$`)

// ParsePermission returns name as a Permission if it has the form of one. There are no wildcards: a name stands
// for itself. It does not say that any catalog has it.
func ParsePermission(name string) (Permission, error) {
	if len(name) > maxPermission {
		return "", fmt.Errorf("permission name of %d bytes is longer than %d", len(name), maxPermission)
	}
	if !permissionName.MatchString(name) {
		return "", fmt.Errorf("permission name %q is not of the form thing:verb, in lower case", name)
	}
	return Permission(name), nil
}
