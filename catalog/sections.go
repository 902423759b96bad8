package catalog

import (
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// draft reads the whole file. Sections are read in the order in which they refer to one another, which need not
// be that of the file.
func (r *reader) draft(root node) draft {
	d := newDraft()
	if root.kind != mapping {
		r.at(root, "a catalog must be a mapping with the key version")
		return d
	}
	fields := r.fields(root, "catalog", "version", "plans", "features", "limits", "permissions", "roles")
	r.version(root, fields)
	nothing := node{kind: empty}
	section := func(name string) node {
		if n, given := fields[name]; given {
			return n
		}
		return nothing
	}
	r.plans(d, section("plans"))
	r.features(d, section("features"))
	r.rates(d, section("limits"))
	permissions := r.permissions(d, section("permissions"))
	r.roles(d, section("roles"))
	if len(r.mistakes) == 0 {
		r.unheld(d, permissions)
	}
	return d
}

func (r *reader) version(root node, fields map[string]node) {
	n, given := fields["version"]
	if !given {
		r.at(root, "catalog: version: 1 is missing")
		return
	}
	if n.kind != integer || n.text != "1" {
		r.at(n, "catalog: version must be 1")
	}
}

func (r *reader) plans(d draft, n node) {
	for _, e := range r.section(n, "plans", maxFeatures) {
		what := fmt.Sprintf("plan %q", e.key.text)
		plan, err := billing.ParsePlan(e.key.text)
		if err != nil {
			r.at(e.key, "%v%s", err, suggest(e.key.text, billing.Plans()))
			continue
		}
		fields := r.fields(e.value, what, "title")
		d.plans[plan] = Plan{Name: plan, Title: r.title(fields, what, e.key.text)}
	}
}

// permissions returns the entries that it understood.
func (r *reader) permissions(d draft, n node) (understood []entry) {
	for _, e := range r.section(n, "permissions", maxPermissions) {
		what := fmt.Sprintf("permission %q", e.key.text)
		name, err := rbac.ParsePermission(e.key.text)
		if err != nil {
			r.at(e.key, "%v", err)
			continue
		}
		fields := r.fields(e.value, what, "description", "feature", "group", "title")
		permission := Permission{
			Name: name, Title: r.title(fields, what, e.key.text), Description: r.line(fields, what, "description", maxDescription, ""),
			Group: r.line(fields, what, "group", maxTitle, ""),
		}
		if feature, given := fields["feature"]; given {
			permission.Feature = r.feature(d, feature, what)
		}
		d.permissions[name] = permission
		understood = append(understood, e)
	}
	return understood
}
