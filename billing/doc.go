// Package billing names what a tenant may buy.
//
//   - A [Plan] is one of four steps, each including the one below.
//   - A [Feature] is something that a plan includes from one step upwards.
//
// Which plan includes which feature is the catalog's business, and whether a request may pass is decided from both
// plan and role above this package. It knows nothing of people, and nothing of roles. It is also the place for
// usage attributed to a tenant and for its subscription.
package billing
