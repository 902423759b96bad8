package quota

import (
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Call is one use of a meter that is about to happen.
type Call struct {
	Tenant id.Tenant
	Meter  billing.Feature
	User   id.User // who pays beside the tenant, where it has rules for people; zero for a machine
	Key    id.Key  // likewise
	// Quantity is the most that the call may use, and Cost the most that this costs, in billionths.
	Quantity, Cost int64
	// Subject is what a meter of unique things counts; "" there means whoever calls.
	Subject string
	// Lasts is how long the call may take before its event is recorded, where that is more than a moment.
	Lasts time.Duration
	Terms *Terms
}

// Terms are what the tenant's plan says of the meter. They are immutable; callers keep them as long as they are in force, so that an unchanged
// pointer says that nothing has changed.
type Terms struct {
	Meter   billing.Meter
	Number  billing.Number
	Anchor  time.Time // when the tenant's billing begins; zero before there is any
	Version int64     // of the tenant: an older one does not overrule what a newer one has said
}

// amount is what a call takes of a budget of a measure.
func (c *Call) amount(m Measure) int64 {
	switch m {
	case Events:
		return 1
	case Cost:
		return c.Cost
	case Quantity, Subjects:
	}
	return c.Quantity
}

// Decision is the answer to a call. The zero Decision refuses.
type Decision struct {
	Allowed   bool
	Over      bool // it is above a soft limit
	Unchecked bool // the database could not be asked, and the meter is open then
	// Budget is the one that refused or is over, with what it was when the database was last asked; zero if none did.
	Budget Budget
	ByPlan bool // the plan is what limits that budget, and not a rule of the tenant's own
	State
}

// State is what a budget is. Used contains what is lent to instances and to calls that are not over.
type State struct {
	Limit     billing.Number
	Used      int64
	Remaining int64
	ResetsAt  time.Time
}

// Hold is what an allowed call has taken. It is settled or released once; a hold that never is ends with its lease.
type Hold struct {
	// Lease is what the event of the call carries; zero if nothing limits the call.
	Lease uuid.UUID
	// At is when the call was decided: the time of its event.
	At     time.Time
	leases [maxBudgets]*lease
	path   *path
	call   Call
}

// maxBudgets is how many budgets one call may take from.
const maxBudgets = 8
