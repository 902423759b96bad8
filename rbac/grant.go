package rbac

// CanGrant is the function [CanGrant] for all roles of a catalog. One that the catalog adds counts, when it is
// granted, as the lowest built-in role that has all of its permissions; and when it grants, as the highest of
// which it has all permissions. So it passes on itself and what is no more than it has.
func (t *Table) CanGrant(actor, granted Role) bool {
	a, knownActor := t.roleID[actor]
	g, knownGranted := t.roleID[granted]
	return knownActor && knownGranted && (a == g || t.rankOfGrantor(a) >= t.rankOfGranted(g))
}

func (t *Table) rankOfGrantor(role int) int {
	if rank := t.roles[role].Rank(); rank > 0 {
		return rank
	}
	rank := 0
	for id, builtin := range BuiltinRoles() {
		if t.holds(role).includes(t.holds(id)) {
			rank = builtin.Rank()
		}
	}
	return rank
}

func (t *Table) rankOfGranted(role int) int {
	if rank := t.roles[role].Rank(); rank > 0 {
		return rank
	}
	for id, builtin := range BuiltinRoles() {
		if t.holds(id).includes(t.holds(role)) {
			return builtin.Rank()
		}
	}
	return Owner.Rank() + 1 // nobody has all of it, so nobody passes it on
}

// holds returns the permissions of a role whatever the tier: those on the highest of the ladder, which includes all that any permission
// needs.
func (t *Table) holds(role int) bitset { return t.all(t.may[role]) }

func (t *Table) all(may []bitset) bitset { return may[t.ladder-1] }
