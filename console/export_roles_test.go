package console

import (
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// roleSamples are the pages for the organization's own roles.
func roleSamples(at moment, evil string) []Sample {
	rules, err := catalog.Parse("default", catalog.Default())
	if err != nil {
		panic(err)
	}
	name := field{ID: "name", Label: "Name", Type: "text", Value: "Front desk", Hint: "1 to 50 characters, like no other role's."}
	text := field{ID: "description", Label: "What it is for", Type: "text", Value: "Greets people", Optional: true}
	wrong := name
	wrong.Value, wrong.Problem = evil, "This name is reserved. Use one that nobody takes for another role."
	own := []rbac.Permission{rbac.MembersRead, "chat:use", "gone:since"}
	closed := planGate{true, "The plan of the organization does not include this.", "enterprise"}
	instead := []roleOption{{"viewer", "Viewer", false}, {"rol_2", evil, true}}
	return []Sample{
		{"roles", rolesPage{Tenant: "Acme Robotics", Writes: true, Builtin: builtinRows(rules), Own: []ownRoleRow{{"rol_1", "Front desk", "Greets people", "3 permissions"}, {"rol_2", evil, evil, "no permissions"}}}},
		{"roles-plan", rolesPage{Tenant: evil, Plan: closed, Writes: true}},
		{"role", rolePage{
			ID: "rol_1", Title: "Front desk", Editable: true, Deletable: true, Name: name, Description: text, Version: 3, Changed: at, Uses: []string{"2 members have it", "1 connection gives it to a group"}, Instead: instead,
			Groups: groupsOf(rules, permissionChoice{chosen: own, offered: rules.Holds(rbac.Admin)}),
		}},
		{"role-new", rolePage{
			Problems: problems{"Nothing was changed", "", []problem{{"name", wrong.Problem}}}, Editable: true, Name: wrong, Description: text,
			Groups: groupsOf(rules, permissionChoice{offered: rules.Holds(rbac.Owner)}),
		}},
		{"role-above", rolePage{ID: "rol_1", Title: evil, Above: true, Description: wrong, Changed: at, Groups: groupsOf(rules, permissionChoice{only: own, chosen: own})}},
		{"role-plan", rolePage{ID: "rol_1", Title: "Front desk", Plan: closed, Deletable: true, Description: text, Changed: at, Uses: []string{"1 member has it"}}},
	}
}
