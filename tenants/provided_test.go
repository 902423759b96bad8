package tenants_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestXT_11_AProviderMakesAndUnmakesNoOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	connection := id.New[id.Connection]()
	follow := func(who tenants.Membership, role rbac.Role) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error {
			_, err := tenants.FollowProvider(t.Context(), tx, who.ID, role, connection)
			return err
		}
	}
	for _, role := range []rbac.Role{rbac.Owner, "", "support", "Admin"} {
		c.refuse(t.Context(), "FollowProvider to "+string(role), tenants.ErrRoleTooHigh, follow(m, role))
	}
	c.refuse(t.Context(), "FollowProvider of nobody", errNotFound, follow(tenants.Membership{ID: id.New[id.Membership]()}, rbac.Admin))
	before := c.rows()
	c.must(t.Context(), "owner", follow(c.owner, rbac.Viewer))
	c.must(t.Context(), "no change", follow(m, rbac.Member))
	for table, digest := range c.rows() {
		if digest != before[table] {
			t.Errorf("FollowProvider of an owner or to the same role changed %s", table)
		}
	}
	for _, role := range []rbac.Role{rbac.Admin, rbac.Viewer} {
		c.must(t.Context(), "follow", follow(m, role))
		if got := c.reload(m).Role; got != role {
			t.Errorf("role = %s, want %s", got, role)
		}
	}
	log := c.log()
	if last := log[len(log)-1]; last != events.MemberRoleChanged {
		t.Errorf("the last event is %s, want %s", last, events.MemberRoleChanged)
	}
}

func TestARemovedMemberFollowsNoProvider(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, m.ID) })
	c.refuse(t.Context(), "FollowProvider of a removed member", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.FollowProvider(t.Context(), tx, m.ID, rbac.Admin, id.New[id.Connection]())
		return err
	})
}
