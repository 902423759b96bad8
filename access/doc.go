// Package access decides: may this caller, now, in this tenant, do that?
//
// Decisions are made from snapshots in memory, never from what a token claims. A [Store] holds what is needed of tenants, memberships,
// sessions and API keys as immutable values, loaded on first use and dropped when the database says that they changed. The change and its
// announcement are one transaction, so every instance follows within milliseconds; a listener that hears its own heartbeat every 250 ms
// knows when it has become deaf:
//
//   - up to half a second without a beat, snapshots are used as they are;
//   - after that they are compared with the tenant's version in the database before each use;
//   - after a second without a beat, and without an answer of the database, everything is refused.
package access
