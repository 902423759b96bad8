// Package catalog reads what a product sells and who may do what in it: one YAML file with plans, features,
// permissions and roles (catalog.yaml is the default and an example).
//
// The file adds to what Gatehouse brings: the four plans, its own features, its own permissions and the roles
// owner, admin, member and viewer are in every catalog, and a file can neither remove them nor take from a
// built-in role what it holds. [Parse] is strict. It reports all mistakes at once, each with its line and column,
// because a catalog that is almost understood is a hole in somebody's permissions.
//
// A [Catalog] is immutable and answers by itself: [Catalog.Decide] from a compiled table, [Catalog.Enforce] by
// asking Casbin, which defines the answer.
package catalog
