package catalog

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

//go:embed catalog.yaml
var defaultSource []byte

// Default returns the catalog file that is built in.
func Default() []byte { return bytes.Clone(defaultSource) }

// Catalog is what a product sells and who may do what in it. It is immutable and safe for use by many goroutines.
type Catalog struct {
	source      []byte
	hash        string
	plans       []Plan
	features    []Feature
	permissions []Permission
	roles       []Role
	policy      rbac.Policy
	engine      *rbac.Engine
	table       *rbac.Table
	draft       draft
	labels      labels
	definition  rbac.Definition
}

// Plan is one step of what is sold.
type Plan struct {
	Name  billing.Plan
	Title string
}

// Feature is something that plans include. It is boolean, unless it has numbers.
type Feature struct {
	Name        billing.Feature
	Title       string
	Description string
	From        billing.Plan // the lowest plan that includes it
	// Numbers says how much each plan includes, of all plans, and never less than the plan below. Nil of a boolean feature.
	Numbers map[billing.Plan]billing.Number
	// Meter says how a metered feature is counted; zero of one that is not metered.
	Meter billing.Meter
}

// Permission is one thing that a role may do.
type Permission struct {
	Name        rbac.Permission
	Title       string
	Description string
	Group       string          // under which people find it, or ""
	Feature     billing.Feature // that the plan must include for it, or ""
}

// Role is a set of permissions.
type Role struct {
	Name        rbac.Role
	Title       string
	Inherits    []rbac.Role
	Permissions []rbac.Permission // beside those that are inherited
}

// Parse reads a catalog file. If something is wrong with it the error is [Mistakes], all of them; name is the
// file's name in them.
func Parse(name string, src []byte) (*Catalog, error) {
	r := &reader{file: name}
	if r.screen(src); len(r.mistakes) > 0 {
		return nil, r.mistakes.err()
	}
	root, ok := r.parse(src)
	if !ok {
		return nil, r.mistakes.err()
	}
	draft := r.draft(root)
	if err := r.mistakes.err(); err != nil {
		return nil, err
	}
	c, err := draft.compile(unversioned())
	if err != nil {
		return nil, fmt.Errorf("compile catalog %s: %w", name, err)
	}
	c.source = bytes.Clone(src)
	sum := sha256.Sum256(src)
	c.hash = hex.EncodeToString(sum[:])
	return c, nil
}

// Source returns the bytes of the file that the catalog was read from.
func (c *Catalog) Source() []byte { return bytes.Clone(c.source) }

// Hash returns the SHA-256 of [Catalog.Source] in hexadecimal: two catalogs of one hash are the same file.
func (c *Catalog) Hash() string { return c.hash }

// Plans returns all plans, lowest first.
func (c *Catalog) Plans() []Plan { return slices.Clone(c.plans) }

// Features returns all features, sorted by name.
func (c *Catalog) Features() []Feature {
	features := slices.Clone(c.features)
	for i := range features {
		features[i].Numbers = maps.Clone(features[i].Numbers)
	}
	return features
}

// Permissions returns all permissions that can be named, sorted by name: all but [rbac.Self].
func (c *Catalog) Permissions() []Permission { return slices.Clone(c.permissions) }

// Roles returns all roles: the built-in ones, lowest first, and then the others by name.
func (c *Catalog) Roles() []Role {
	roles := slices.Clone(c.roles)
	for i := range roles {
		roles[i].Inherits = slices.Clone(roles[i].Inherits)
		roles[i].Permissions = slices.Clone(roles[i].Permissions)
	}
	return roles
}

// HasRole reports whether the catalog has a role of this name.
func (c *Catalog) HasRole(name rbac.Role) bool {
	return slices.ContainsFunc(c.roles, func(r Role) bool { return r.Name == name })
}

// Policy returns the Casbin policy that the catalog means, under the model of package rbac.
func (c *Catalog) Policy() rbac.Policy {
	policy := slices.Clone(c.policy)
	for i := range policy {
		policy[i] = slices.Clone(policy[i])
	}
	return policy
}
