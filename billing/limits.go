package billing

import (
	"maps"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

// Limits is how much traffic a version of a plan is for. The zero Limits limit nothing.
type Limits struct {
	Concurrent int             `json:"concurrent,omitempty"` // requests in progress at once; 0 is any number
	Groups     map[string]Rate `json:"groups,omitempty"`     // of routes, by name, each counted apart
}

// Rate is how often the routes of a group may be called. A zero limit is none.
type Rate struct {
	Tenant ratelimit.Limit `json:"requests,omitzero"` // all of a tenant together
	Caller ratelimit.Limit `json:"each,omitzero"`     // each member and each API key within it
}

// Equal reports whether both say the same. Nil says nothing, and is equal to nil alone.
func (l *Limits) Equal(other *Limits) bool {
	if l == nil || other == nil {
		return l == other
	}
	return l.Concurrent == other.Concurrent && maps.Equal(l.Groups, other.Groups)
}
