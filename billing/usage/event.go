package usage

import (
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Event is one use of a meter. Who caused it comes from the authenticated principal ([Event.By]), never from a body.
type Event struct {
	// Key makes the event count once in its tenant. It is a UUIDv7, which is cheapest and says on which day it was made, or any text of at
	// most 255 bytes; "" has the recorder make one.
	Key    string
	Tenant id.Tenant
	At     time.Time // when it happened; zero means now

	Meter    string
	Quantity int64  // 0 to 999,999,999,999,999
	Subject  string // what a meter of unique things counts; "" there means whoever caused the event

	User    id.User // zero for a machine
	APIKey  id.Key  // zero for a person
	Role    string
	Plan    string
	Feature string
	Route   string
	Model   string

	InputTokens  int64
	OutputTokens int64
	CachedTokens int64

	Cost     int64 // in billionths of the currency's unit; 0 has the meter's price decide
	Currency string

	Lease uuid.UUID // of the budget that paid; zero for none
}

// By returns the event as caused by a principal, in its tenant, whatever it said before.
func (e Event) By(p *authn.Principal) Event {
	e.Tenant, e.User, e.APIKey, e.Role, e.Plan = p.Tenant, p.User, p.Key, p.Role, p.Plan
	return e
}
