package access

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Tenant is what decisions need of a tenant. It is immutable.
type Tenant struct {
	ID      id.Tenant
	Slug    string
	Name    string
	Status  tenants.Status
	Plan    billing.Plan
	Policy  tenants.Policy
	Version int64
}

type memberKey struct {
	tenant id.Tenant
	member id.Membership
}

type sessionKey struct {
	tenant  id.Tenant
	session id.Session
}

type apiKey struct {
	tenant id.Tenant
	key    id.Key
}

// entry is a cached value with the epoch of its tenant in which it was loaded.
type entry[T any] struct {
	value *T
	epoch uint64
}
