package sso

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	maxGroupRoles = 100
	maxGroup      = 256
	maxTesters    = 100
)

// checkPeople judges what a draft says of groups and testers, and brings addresses into the form in which they are compared.
func (d *Draft) checkPeople(add func(name, detail string)) {
	if len(d.GroupRoles) > maxGroupRoles {
		add("group_roles", "Use at most 100 groups.")
		return
	}
	if len(d.GroupRoles) > 0 && d.Claims.Groups == "" {
		add("claims.groups", "Name the claim that has the groups.")
	}
	seen := map[string]bool{}
	for i, m := range d.GroupRoles {
		field := fmt.Sprintf("group_roles[%d]", i)
		switch {
		case !plainGroup(m.Group):
			add(field, "Use the group exactly as the provider sends it: 1 to 256 printable characters.")
		case seen[m.Group]:
			add(field, "This group stands in the list already.")
		case !lendable(m.Role):
			add(field, "Use admin, member, viewer or a custom role: an owner is never made by a provider.")
		}
		seen[m.Group] = true
	}
	if len(d.Testers) > maxTesters {
		add("testers", "Use at most 100 addresses.")
		return
	}
	for i, address := range d.Testers {
		email, err := tenants.ParseEmail(address)
		if err != nil {
			add(fmt.Sprintf("testers[%d]", i), "Use an address like name@company.com.")
			continue
		}
		d.Testers[i] = email.Address
	}
}

// lendable says that a provider may give a role of this form. That a custom role is one of the tenant is for who configures to be asked.
func lendable(role rbac.Role) bool {
	return role != rbac.Owner && (role.Builtin() || role.Custom())
}

// LendableRoles lists the roles that the caller may let a provider give: those that they may give themselves, but for owner. The holder of a
// set-up link lets it give member and viewer.
func LendableRoles(ctx context.Context, tx *db.TenantTx) ([]tenants.GrantableRole, error) {
	var list []tenants.GrantableRole
	if authn.From(ctx).Kind == authn.Setup {
		for _, r := range rbac.BuiltinRoles() {
			if rbac.CanGrant(setupRole, r) {
				list = append(list, tenants.GrantableRole{Role: r})
			}
		}
		return list, nil
	}
	list, err := tenants.GrantableRoles(ctx, tx)
	return slices.DeleteFunc(list, func(r tenants.GrantableRole) bool { return !lendable(r.Role) }), err
}

func plainGroup(s string) bool {
	return s != "" && len(s) <= maxGroup && utf8.ValidString(s) && s == strings.TrimSpace(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
