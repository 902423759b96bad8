package conformance

import "context"

// Installation makes what attacks are tried on.
type Installation interface {
	// Tenant makes a throw-away tenant: its domain is proven, and everybody at it may join by single sign-on.
	Tenant(ctx context.Context) (Tenant, error)
	// APIKey makes a key of the tenant that may configure connections.
	APIKey(ctx context.Context, t Tenant) (string, error)
	// Rows describes everything of the tenant that a refused sign-in must leave as it was. What cannot be told apart is equal.
	Rows(ctx context.Context, t Tenant) (string, error)
}

// Tenant is a throw-away tenant.
type Tenant struct{ ID, Slug, Domain string }
