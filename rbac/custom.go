package rbac

import (
	"fmt"
	"slices"
)

// Custom is every answer about a role that one customer has made, compiled for one [Table]. Such a role is permissions and nothing else: it
// inherits nothing and nothing inherits it, so that no circle and no hidden right can come about. It is immutable.
type Custom struct {
	table *Table
	may   []bitset // by tier
}

// CustomPolicy is what a custom role of these permissions means in the words of model.conf, and nothing of any other role: one customer's
// lines never stand beside another's. A permission that the definition does not have, as when a newer catalog has dropped it, and one that
// is for owners only has no line, so the role does without it.
func (d Definition) CustomPolicy(role Role, permissions []Permission) (Policy, error) {
	known := slices.DeleteFunc(slices.Clone(permissions), func(p Permission) bool {
		_, exists := d.Permissions[p]
		return !exists || p == Self || p.OwnersOnly()
	})
	d.Roles = map[Role]Grants{role: {Permissions: known}}
	lines := d.lines()
	return lines, lines.check()
}

// Customize asks the engine of a custom role's policy all that can be asked about the role, and keeps the answers. The definition must be
// the one of the table.
func (t *Table) Customize(role Role, e *Engine) (*Custom, error) {
	c := &Custom{table: t}
	for _, tier := range t.tiers {
		allowed := newBitset(len(t.permissions))
		for permission := range e.permissions { // about any other the policy has no line that could allow
			id, known := t.permissionID[permission]
			if !known {
				return nil, fmt.Errorf("compile custom role %q: permission %q is of another definition", role, permission)
			}
			yes, err := e.Enforce(role, tier, permission)
			if err != nil {
				return nil, fmt.Errorf("compile custom role %q: permission %q on tier %q: %w", role, permission, tier, err)
			}
			if yes {
				allowed.add(id)
			}
		}
		c.may = append(c.may, allowed)
	}
	return c, nil
}

// PermissionsOf returns what a custom role may do on tier, sorted, without [Self]. It is empty for an unknown tier and for a role of another
// table.
func (t *Table) PermissionsOf(c *Custom, tier Tier) []Permission {
	i, known := t.tierID[tier]
	if c == nil || c.table != t || !known {
		return nil
	}
	return t.named(c.may[i])
}

// Holds returns all permissions that a role of the catalog has, whatever the tier, without [Self]; nil for an unknown role.
func (t *Table) Holds(role Role) []Permission {
	r, known := t.roleID[role]
	if !known {
		return nil
	}
	return t.named(t.holds(r))
}
