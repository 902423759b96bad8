package quota

import (
	"cmp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Measure is what of an event a budget counts.
type Measure string

// The measures. The cost is in billionths of the currency's unit, and of one currency alone. Subjects are the different things of a unique meter: no leases are lent of
// them, and no rule counts them.
const (
	Quantity Measure = "quantity"
	Events   Measure = "events"
	Cost     Measure = "cost"
	Subjects Measure = "subjects"
)

// Kind is whose a budget is.
type Kind string

// The kinds, the widest first.
const (
	OfTenant Kind = "tenant"
	OfUser   Kind = "user"
	OfKey    Kind = "api_key"
)

// width orders budgets: the narrowest is taken first, so that a call that fails there has not touched what others share.
func (k Kind) width() int {
	switch k {
	case OfKey:
		return 0
	case OfUser:
		return 1
	case OfTenant:
	}
	return 2
}

// Budget names what is limited. It is comparable.
type Budget struct {
	Tenant  id.Tenant
	Meter   billing.Feature
	Measure Measure
	// Currency is that of a cost: what was paid in another counts for another budget. A cost without one counts nothing.
	Currency string
	Kind     Kind
	Subject  uuid.UUID // the user or the key; zero of the tenant
	Period   billing.Period
	Starts   time.Time // in UTC
}

// counted is the measure of a budget's row: that of a cost names its currency, so that no row has two.
type counted string

func (b Budget) counted() counted {
	if b.Currency == "" {
		return counted(b.Measure)
	}
	return counted(b.Measure) + " " + counted(b.Currency)
}

// parts are the measure and the currency.
func (c counted) parts() (Measure, string) {
	measure, currency, _ := strings.Cut(string(c), " ")
	return Measure(measure), currency
}

// compare is the one order in which budgets are taken and locked.
func (b Budget) compare(other Budget) int {
	return cmp.Or(
		cmp.Compare(b.Kind.width(), other.Kind.width()), cmp.Compare(b.Meter, other.Meter), cmp.Compare(b.counted(), other.counted()),
		cmp.Compare(b.Subject.String(), other.Subject.String()), cmp.Compare(b.Period, other.Period), b.Starts.Compare(other.Starts),
	)
}

// terms is what a budget is at the moment.
type terms struct {
	base    int64
	ends    time.Time
	soft    bool
	byPlan  bool // grants add to it
	capped  bool // by a rule of the tenant's own for the same, whatever the plan and its grants come to
	cap     int64
	granted int64 // what grants come to, so that another sum is another state
	version int64 // of the tenant
}

// within holds the number of the plan to a rule of the tenant's own for the same: they are one budget, and a rule gives no more than the
// plan does.
func (t terms) within(r Rule) terms {
	switch {
	case t.soft && !r.Soft: // what the plan lets pass, the rule refuses
		t.base, t.soft, t.byPlan = r.Amount, false, false
	case t.soft == r.Soft:
		t.capped, t.cap = true, r.Amount
	}
	return t
}

// limit is what a budget of the plan comes to with its grants.
func (t terms) limit(granted int64) int64 {
	if t.capped {
		return min(plus(t.base, granted), t.cap)
	}
	return plus(t.base, granted)
}

// ofPlan says that the plan is what limits.
func (t terms) ofPlan(limit int64) bool { return t.byPlan && (!t.capped || limit < t.cap) }
