package console

import (
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// permissionGroup is permissions as people find them in the catalog.
type permissionGroup struct {
	Name string
	Rows []permissionRow
}

// permissionRow is one permission, and how its box stands where there is one.
type permissionRow struct {
	ID                  string // of its box, and its name in the form
	Title, Text, Needs  string
	Chosen, Unavailable bool
}

// permissionChoice says which permissions are shown, and how.
type permissionChoice struct {
	only    []rbac.Permission // what is shown; nil shows all that a role of a tenant can have
	chosen  []rbac.Permission
	offered []rbac.Permission // what the viewer may choose
}

// boxOf is the name of the box of a permission.
func boxOf(p rbac.Permission) string { return boxPrefix + string(p) }

const boxPrefix = "may-"

// dropped is the group of what a role has and the catalog has no more.
const dropped = "No longer in the catalog"

// groupsOf sorts permissions into the groups of the catalog, in its order. Those of Gatehouse itself that have no group come last.
func groupsOf(rules *catalog.Catalog, choice permissionChoice) []permissionGroup {
	features := map[billing.Feature]string{}
	for _, f := range rules.Features() {
		features[f.Name] = f.Title
	}
	var groups []permissionGroup
	add := func(group string, row permissionRow) {
		i := slices.IndexFunc(groups, func(g permissionGroup) bool { return g.Name == group })
		if i < 0 {
			i, groups = len(groups), append(groups, permissionGroup{Name: group})
		}
		groups[i].Rows = append(groups[i].Rows, row)
	}
	var ungrouped []catalog.Permission
	row := func(p catalog.Permission) permissionRow {
		return permissionRow{
			ID: boxOf(p.Name), Title: titleOf(p), Text: p.Description, Needs: features[p.Feature],
			Chosen: slices.Contains(choice.chosen, p.Name), Unavailable: !slices.Contains(choice.offered, p.Name),
		}
	}
	for _, p := range rules.Permissions() {
		switch {
		case p.Name == rbac.Self, choice.only != nil && !slices.Contains(choice.only, p.Name), choice.only == nil && p.Name.OwnersOnly():
		case p.Group == "":
			ungrouped = append(ungrouped, p)
		default:
			add(p.Group, row(p))
		}
	}
	for _, p := range ungrouped {
		add("Organization", row(p))
	}
	for _, p := range choice.chosen {
		if !rules.HasPermission(p) {
			add(dropped, permissionRow{ID: boxOf(p), Title: string(p), Text: "It allows nothing, unless the catalog brings it back.", Chosen: true})
		}
	}
	return groups
}

// titleOf is what people call a permission: by the catalog, or in our own words if the catalog only has its name.
func titleOf(p catalog.Permission) string {
	if p.Title != "" && p.Title != string(p.Name) {
		return p.Title
	}
	own := map[rbac.Permission]string{
		rbac.TenantRead: "See the organization", rbac.TenantWrite: "Change the organization", rbac.TenantDelete: "Delete the organization",
		rbac.MembersRead: "See members", rbac.MembersWrite: "Invite, change and remove members", rbac.ConnectionsRead: "See single sign-on",
		rbac.ConnectionsWrite: "Set up single sign-on", rbac.SessionsRead: "See who is signed in", rbac.SessionsWrite: "Sign others out",
		rbac.APIKeysRead: "See API keys", rbac.APIKeysWrite: "Create and revoke API keys", rbac.DomainsRead: "See domains",
		rbac.DomainsWrite: "Add and verify domains", rbac.EventsRead: "Read the audit log", rbac.UsageRead: "See usage", rbac.UsageWrite: "Record usage",
		rbac.RolesRead: "See roles", rbac.RolesWrite: "Make and change roles",
	}
	return or(own[p.Name], string(p.Name))
}
