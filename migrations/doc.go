// Package migrations holds the schema: plain SQL with its grants and policies, embedded and applied in order by goose, and the tables
// of River beside it.
//
// The roles are cluster-wide and come first ([CreateRoles], which needs a role that may create roles). Everything else is made by and
// belongs to gatehouse_owner. A migration must work while the previous release is still running: add, backfill, switch, drop.
package migrations
