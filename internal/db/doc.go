// Package db is the only way to the database.
//
// A [DB] has no query methods. Work happens inside a scope, which is a transaction whose first statement takes up a role: [DB.Tenant]
// works as one tenant behind row-level security, [DB.System] spans tenants, and [DB.Admit] does both at once for the few functions that
// bring a person into a tenant. A query outside a scope fails with "permission denied", because the login role has no rights.
//
// A scope's transaction commits when its function returns nil, or an error wrapped by [Keep]: a refusal that must be remembered.
package db
