package console

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// roleNames are what people call the organization's own roles.
type roleNames map[rbac.Role]string

func roleNamesOf(ctx context.Context, tx *db.TenantTx) (roleNames, error) {
	list, err := tenants.CustomRoles(ctx, tx, id.Role{}, tenants.MaxCustomRoles)
	names := roleNames{}
	for _, r := range list {
		names[r.Role] = r.Name
	}
	return names, err
}

// of is what a page calls a role.
func (n roleNames) of(r rbac.Role) string {
	if name, own := n[r]; own {
		return name
	}
	if r.Custom() {
		return "A deleted role"
	}
	return string(r)
}

// tell puts names in the place of ids in a text.
func (n roleNames) tell(text string) string {
	for role, name := range n {
		text = strings.ReplaceAll(text, string(role), name)
	}
	return text
}

// changes tells what was changed with names.
func (n roleNames) changes(list []sso.Change) []sso.Change {
	told := slices.Clone(list)
	for i, one := range told {
		told[i].From, told[i].To = n.tell(one.From), n.tell(one.To)
	}
	return told
}

// rolesToGive are the roles that the viewer may give, as options. One that is chosen and that they may not give is not among them.
func rolesToGive(ctx context.Context, tx *db.TenantTx, chosen rbac.Role) ([]roleOption, error) {
	list, err := tenants.GrantableRoles(ctx, tx)
	var options []roleOption
	for _, r := range list {
		options = append(options, roleOption{string(r.Role), or(r.Name, roleName(r.Role)), r.Role == chosen})
	}
	return options, err
}
