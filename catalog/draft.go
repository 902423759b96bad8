package catalog

import (
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// draft is a catalog while its file is read, beginning with what is in every catalog.
type draft struct {
	plans       map[billing.Plan]Plan
	features    map[billing.Feature]Feature
	permissions map[rbac.Permission]Permission
	roles       map[rbac.Role]Role
	rates       map[billing.Plan]*Rates // empty of a catalog that limits nothing
}

func newDraft() draft {
	d := draft{
		plans:       map[billing.Plan]Plan{},
		features:    map[billing.Feature]Feature{},
		permissions: map[rbac.Permission]Permission{},
		roles:       map[rbac.Role]Role{},
		rates:       map[billing.Plan]*Rates{},
	}
	for _, name := range billing.Plans() {
		d.plans[name] = Plan{Name: name, Title: string(name)}
	}
	for name, from := range billing.BuiltinFeatures() {
		d.features[name] = Feature{Name: name, Title: string(name), From: from}
	}
	base := rbac.Base()
	for name := range base.Permissions {
		if name != rbac.Self {
			d.permissions[name] = Permission{Name: name, Title: string(name)}
		}
	}
	for name, grants := range base.Roles {
		d.roles[name] = Role{Name: name, Title: string(name), Inherits: grants.Inherits, Permissions: grants.Permissions}
	}
	return d
}

// definition returns the draft in the words of package rbac, with plans as the tiers of l.
func (d draft) definition(l labels) rbac.Definition {
	definition := rbac.Base()
	for _, plan := range billing.Plans() {
		definition.Tiers = append(definition.Tiers, l.newest[plan])
	}
	for _, v := range l.former {
		former := rbac.Former{Tier: tierOf(v.Pin), Step: l.newest[v.Plan]}
		for _, f := range v.Terms.Features {
			former.Features = append(former.Features, rbac.Feature(f))
		}
		definition.Former = append(definition.Former, former)
	}
	for _, f := range d.features {
		definition.Features[rbac.Feature(f.Name)] = l.newest[f.From]
	}
	for _, p := range d.permissions {
		definition.Permissions[p.Name] = rbac.Feature(p.Feature)
	}
	for _, r := range d.roles {
		definition.Roles[r.Name] = rbac.Grants{Inherits: r.Inherits, Permissions: r.Permissions}
	}
	return definition
}

func (d draft) compile(l labels) (*Catalog, error) {
	definition := d.definition(l)
	policy, err := definition.Policy()
	if err != nil {
		return nil, err
	}
	engine, err := rbac.NewEngine(policy)
	if err != nil {
		return nil, err
	}
	table, err := rbac.Compile(definition, engine)
	if err != nil {
		return nil, err
	}
	c := &Catalog{draft: d, policy: policy, engine: engine, table: table, labels: l, definition: definition}
	for _, name := range billing.Plans() {
		c.plans = append(c.plans, d.plans[name])
	}
	for _, name := range slices.Sorted(maps.Keys(d.features)) {
		c.features = append(c.features, d.features[name])
	}
	for _, name := range slices.Sorted(maps.Keys(d.permissions)) {
		c.permissions = append(c.permissions, d.permissions[name])
	}
	for _, name := range table.Roles() {
		c.roles = append(c.roles, d.roles[name])
	}
	return c, nil
}
