package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Terms is what decides in a tenant, its people apart, at a moment: enough for another process to decide as this one does.
type Terms struct {
	Tenant      *Tenant
	Catalog     int64 // the version
	Plan        billing.Plan
	Features    []catalog.Entitled
	Permissions []catalog.Permission
	Roles       []RoleTerms
	Until       time.Time // when the clock changes them; zero if it does not
}

// RoleTerms is what a role may do in a tenant.
type RoleTerms struct {
	Name    rbac.Role
	Holds   []rbac.Permission // on whatever plan
	Allowed []rbac.Permission // as things are
}

// Terms returns what is in force now. It is as true as what [Store.Tenant] returns.
func (s *Store) Terms(ctx context.Context, tenant id.Tenant) (*Terms, error) {
	t, err := s.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	held := s.decisive()
	if held == nil {
		return nil, Decision{Clause: noCatalog, Message: noCatalogMessage}.Err()
	}
	now := s.Now()
	terms := &Terms{
		Tenant: t, Catalog: held.version, Plan: t.plan(now), Features: held.catalog.Entitled(&t.Sold, now),
		Permissions: held.catalog.Permissions(), Until: t.Sold.Next(now),
	}
	for _, r := range held.catalog.Roles() {
		terms.Roles = append(terms.Roles, RoleTerms{
			r.Name, held.catalog.Holds(r.Name), held.catalog.AllowedFor(&t.Sold, catalog.Question{Role: r.Name}, now),
		})
	}
	for name, own := range t.custom {
		if r := t.role(held.catalog, name); r != nil { // one that cannot be compiled allows nothing
			terms.Roles = append(terms.Roles, RoleTerms{
				name, heldBy(held.catalog, own.permissions), held.catalog.AllowedFor(&t.Sold, catalog.Question{Role: name, Custom: r}, now),
			})
		}
	}
	return terms, nil
}

// heldBy returns those permissions of a tenant's own role that it has, as rbac.Definition.CustomPolicy says.
func heldBy(c *catalog.Catalog, permissions []rbac.Permission) []rbac.Permission {
	return slices.DeleteFunc(slices.Clone(permissions), func(p rbac.Permission) bool {
		return !c.HasPermission(p) || p == rbac.Self || p.OwnersOnly()
	})
}

// Decisive says whether decisions can be made: there is a catalog, and it is not too old.
func (s *Store) Decisive() bool { return s.decisive() != nil }

// Person is a membership as decisions know it.
type Person struct {
	ID     id.Membership
	UserID id.User
	Role   rbac.Role
	Status tenants.MemberStatus
}

// People returns memberships by their ids, or at most limit that are not removed if ids is nil.
func People(tx *db.TenantTx, tenant id.Tenant, ids []id.Membership, limit int) ([]Person, error) {
	var rows []Person
	var err error
	if ids == nil {
		err = tx.DB.Raw(`SELECT id, user_id, role, status FROM memberships WHERE tenant_id = ? AND status <> 'removed' LIMIT ?`, tenant, limit).
			Scan(&rows).Error
	} else {
		err = tx.DB.Raw(`SELECT id, user_id, role, status FROM memberships WHERE tenant_id = ? AND id IN ?`, tenant, ids).Scan(&rows).Error
	}
	if err != nil {
		return nil, fmt.Errorf("load the members: %w", err)
	}
	return rows, nil
}

// Ended returns which sessions were ended: of those named, or since a moment if ids is nil.
func Ended(tx *db.TenantTx, tenant id.Tenant, ids []id.Session, since time.Time) ([]id.Session, error) {
	var ended []id.Session
	var err error
	if ids == nil {
		err = tx.DB.Raw(`SELECT id FROM sessions WHERE tenant_id = ? AND revoked_at > ?`, tenant, since).Scan(&ended).Error
	} else {
		err = tx.DB.Raw(`SELECT id FROM sessions WHERE tenant_id = ? AND revoked_at IS NOT NULL AND id IN ?`, tenant, ids).Scan(&ended).Error
	}
	if err != nil {
		return nil, fmt.Errorf("load the ended sessions: %w", err)
	}
	return ended, nil
}
