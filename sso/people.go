package sso

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

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

func plainGroup(s string) bool {
	return s != "" && len(s) <= maxGroup && utf8.ValidString(s) && s == strings.TrimSpace(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
