package metered

import (
	"context"
	"errors"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Meters is what decides, lends and records, together.
type Meters struct {
	Access *access.Store
	Quota  *quota.Engine
	Usage  *usage.Recorder
}

// Use is what a principal is about to use.
type Use struct {
	Meter          billing.Feature
	Quantity, Cost int64  // the most; of a cost of 0 the meter's price decides
	Currency       string // of the cost; "" is that of the meter
	Subject        string // what a meter of unique things counts; "" there means whoever calls
	Permission     rbac.Permission
	Route          string // with the permission, for the log of decisions
	Lasts          time.Duration
}

// most is the largest quantity or cost of one use: what one event may be.
const most = 999_999_999_999_999

// call is a use as the engine is asked about it. A decision that denies comes with no error; the zero Decision denies nothing.
func (m *Meters) call(p *authn.Principal, u Use) (quota.Call, access.Decision, error) {
	switch {
	case u.Quantity < 0 || u.Quantity > most:
		return quota.Call{}, access.Decision{}, errs.InvalidField("quantity", "is 0 to 999999999999999")
	case u.Cost < 0 || u.Cost > most:
		return quota.Call{}, access.Decision{}, errs.InvalidField("cost", "is 0 to 999999999999999")
	case len(u.Subject) > 255:
		return quota.Call{}, access.Decision{}, errs.InvalidField("subject", "has at most 255 bytes")
	}
	terms, known, err := m.Access.Metered(p, u.Meter)
	if err != nil {
		return quota.Call{}, access.Decision{}, err
	}
	if !known {
		return quota.Call{}, m.Access.NoMeter(p, u.question(u.Quantity)), nil
	}
	if err := mismatch(terms, u.Currency); err != nil {
		return quota.Call{}, access.Decision{}, err
	}
	if n := terms.Number; !n.Any() && terms.Meter.Limit == billing.Soft { // which lets pass what is above a number, and not what is not sold
		if d := m.Access.Ask(p, nil, u.feature()); !d.Allowed {
			return quota.Call{}, d, nil
		}
	}
	cost, ok := priced(terms, u)
	if !ok {
		return quota.Call{}, access.Decision{}, errs.InvalidField("quantity", "costs more than can be told")
	}
	return quota.Call{
		Tenant: p.Tenant, Meter: u.Meter, User: p.User, Key: p.Key, Quantity: u.Quantity, Cost: cost, Subject: u.Subject, Lasts: u.Lasts, Terms: terms,
	}, access.Decision{}, nil
}

// mismatch is the error of a cost in another currency than the meter's.
func mismatch(terms *quota.Terms, currency string) error {
	if why := (usage.Meter{Currency: terms.Meter.Currency}).Mismatch(currency); why != nil {
		return Mismatch(why)
	}
	return nil
}

// Mismatch is the refusal of a cost in another currency than the meter's, as an error of the request that names it.
func Mismatch(why *usage.Refusal) error {
	return errs.New(errs.Invalid, "currency_mismatch", why.Detail).Because(why)
}

// priced is what a use costs at most, as its event will say.
func priced(terms *quota.Terms, u Use) (int64, bool) {
	if u.Cost != 0 || terms.Meter.Cost == 0 {
		return u.Cost, true
	}
	cost, ok := usage.Meter{Price: terms.Meter.Cost}.CostOf(u.Quantity)
	return cost, ok && cost <= most
}

func (u Use) question(amount int64) access.Question {
	return access.Question{Permission: u.Permission, Feature: u.Meter, Quantity: amount, Route: u.Route}
}

// feature asks whether the plan has any of the meter.
func (u Use) feature() access.Question { return access.Question{Feature: u.Meter, Route: u.Route} }

// refused is the decision that a budget made. It goes to the log. Of what the plan does not have it is that of the plan.
func (m *Meters) refused(p *authn.Principal, u Use, c quota.Call, d quota.Decision) access.Decision {
	if d.ByPlan && d.Limit.Value == 0 {
		if d := m.Access.Ask(p, nil, u.feature()); !d.Allowed {
			return d
		}
	}
	amount := u.Quantity
	if d.Budget.Measure == quota.Events || d.Budget.Measure == quota.Subjects {
		amount = 1
	}
	return m.Access.OverQuota(p, u.question(amount), c.Terms, d)
}

// Take decides about a use, and takes the most that it may be. If the decision denies, the hold is nil; it is zero if it allows, since what
// else decides about the principal has an id already.
func (m *Meters) Take(ctx context.Context, p *authn.Principal, u Use) (*Hold, access.Decision, State, error) {
	c, d, err := m.call(p, u)
	if err != nil || d.Clause != "" {
		return nil, d, State{}, err
	}
	return m.take(ctx, p, u, c)
}

// take is [Meters.Take] of a use whose call is known.
func (m *Meters) take(ctx context.Context, p *authn.Principal, u Use, c quota.Call) (*Hold, access.Decision, State, error) {
	taken, of, err := m.Quota.Take(ctx, c)
	if err != nil {
		return nil, access.Decision{}, State{}, unavailable(err)
	}
	state := stateOf(c, of)
	if !of.Allowed {
		return nil, m.refused(p, u, c, of), state, nil
	}
	return &Hold{meters: m, principal: p, use: u, call: c, taken: taken, state: state}, access.Decision{}, state, nil
}

// unavailable says what a failure of the engine is to callers.
func unavailable(err error) error {
	if _, known := errors.AsType[*errs.Error](err); known {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return access.ErrStale.Because(err)
}
