// Package why says by which steps somebody may do something, or what of it lacks: the group at the provider, the mapping of the connection,
// the role, the permission, the plan, the feature, and what was set apart for the tenant.
//
// A step has a date and an actor where the audit log has them. What the log does not say is left out, never guessed: a role that was given
// before the log began has no date, and neither has a mapping, since the log tells that a connection was changed but not what of it.
package why
