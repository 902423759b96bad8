package tenants

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// rules is what the snapshot that authenticated a principal tells this package.
type rules interface {
	InForce() *catalog.Catalog // nil if there is none to be trusted
}

func catalogOf(ctx context.Context) *catalog.Catalog {
	if r, ok := authn.From(ctx).Held.(rules); ok {
		return r.InForce()
	}
	return nil
}

// held keeps a row as it is until the scope ends, and lets others do the same.
var held = clause.Locking{Strength: "SHARE"}

// reaches says whether an actor with one role may give, change or take away another. Built-in roles have their order. A custom role is
// below whoever has all of its permissions, and above everybody else: what it holds is read in this scope, and stays so until it ends. A
// permission that the catalog has dropped counts all the same, since it may come back. Where nothing can be known, nothing is reached.
func reaches(ctx context.Context, tx *db.TenantTx, actor, role rbac.Role) (ok bool, err error) {
	ok = reachesBy(actor, role, func(r rbac.Role) []rbac.Permission {
		if err != nil {
			return nil
		}
		var list []rbac.Permission
		list, err = permissionsOf(ctx, tx, r)
		return list
	})
	return ok && err == nil, err
}

// reachesBy is reaches by what a function says of roles; it says nil of one that is not known.
func reachesBy(actor, role rbac.Role, permissions func(rbac.Role) []rbac.Permission) bool {
	if actor.Builtin() && role.Builtin() {
		return rbac.CanGrant(actor, role)
	}
	if actor == rbac.Owner && role.Custom() {
		return true
	}
	has := permissions(actor)
	if has == nil {
		return false
	}
	wants := permissions(role)
	return wants != nil && covered(wants, has)
}

// covered says that all of the one list are in the other.
func covered(wants, has []rbac.Permission) bool {
	return !slices.ContainsFunc(wants, func(p rbac.Permission) bool { return !slices.Contains(has, p) })
}

// permissionsOf is what a role holds; nil if that is not known, and never nil for a role that exists.
func permissionsOf(ctx context.Context, tx *db.TenantTx, role rbac.Role) ([]rbac.Permission, error) {
	if !role.Custom() {
		if c := catalogOf(ctx); c != nil && role.Builtin() {
			return c.Holds(role), nil
		}
		return nil, nil
	}
	r, err := db.Of[CustomRole](tx.DB, held).Where("role = ?", role).First(ctx)
	if db.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load role %s: %w", role, err)
	}
	return append([]rbac.Permission{}, r.Permissions...), nil
}

// CheckRole refuses, as the value of a field, a role that nobody of the tenant can have: it is neither built in nor one of its own. One that
// is found stays until the scope ends.
func CheckRole(ctx context.Context, tx *db.TenantTx, field string, role rbac.Role) error {
	if role.Builtin() {
		return nil
	}
	if role.Custom() {
		if known, err := permissionsOf(ctx, tx, role); err != nil || known != nil {
			return err
		}
	}
	return errs.InvalidField(field, "Use owner, admin, member, viewer or the id of a custom role.")
}

// checkLentRole is CheckRole for what is given without asking a person: an owner is never made so.
func checkLentRole(ctx context.Context, tx *db.TenantTx, field string, role rbac.Role) error {
	err := CheckRole(ctx, tx, field, role)
	if role == rbac.Owner || errs.As(err).Kind == errs.Invalid {
		return errs.InvalidField(field, "Use admin, member, viewer or the id of a custom role.")
	}
	return err
}

// MayGive says whether the caller may give a role, or make something give it: not one above their own.
func MayGive(ctx context.Context, tx *db.TenantTx, role rbac.Role) error {
	return MayChange(ctx, tx, Membership{Role: role})
}
