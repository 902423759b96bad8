package metered

import (
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// State is what callers are told of the budget that decided, or of the one that has least left.
type State struct {
	Meter     billing.Feature `json:"meter"`
	Unlimited bool            `json:"unlimited,omitzero" doc:"Nothing limits the caller's use of the meter; there is no other member then"`
	Limit     *int64          `json:"limit,omitempty"`
	Used      *int64          `json:"used,omitempty" doc:"With what is lent to calls that are not over"`
	Remaining *int64          `json:"remaining,omitempty"`
	ResetsAt  *time.Time      `json:"resets_at,omitempty"`
	Over      bool            `json:"over,omitzero" doc:"It is above a soft limit, which lets it pass"`
	Unchecked bool            `json:"unchecked,omitzero" doc:"The database could not be asked, and the meter is open then"`
	Budget    *Budget         `json:"budget,omitempty"`
}

// Budget says whose budget it is and what it counts.
type Budget struct {
	Kind     quota.Kind     `json:"kind" enum:"tenant,user,api_key" doc:"Whose it is"`
	Measure  quota.Measure  `json:"measure" enum:"quantity,events,cost,subjects" doc:"A cost is in billionths of the currency's unit"`
	Currency string         `json:"currency,omitzero" doc:"Of a cost"`
	Period   billing.Period `json:"period" enum:"day,month,billing,year"`
	ByPlan   bool           `json:"by_plan" doc:"It is the number of the plan, and no rule of the tenant's own"`
}

// Known says that there is something to tell.
func (s *State) Known() bool { return s.Limit != nil || s.Unlimited || s.Unchecked }

func stateOf(c quota.Call, d quota.Decision) State {
	s := State{Meter: c.Meter, Over: d.Over, Unchecked: d.Unchecked}
	if d.Budget == (quota.Budget{}) && d.State == (quota.State{}) {
		return s
	}
	s.Limit, s.Used, s.Remaining = &d.Limit.Value, &d.Used, &d.Remaining
	if !d.ResetsAt.IsZero() {
		at := d.ResetsAt.UTC()
		s.ResetsAt = &at
	}
	if d.Budget != (quota.Budget{}) {
		s.Budget = &Budget{d.Budget.Kind, d.Budget.Measure, d.Budget.Currency, d.Budget.Period, d.ByPlan}
	}
	return s
}

// patience bounds what callers are told to wait: a limit may be raised at any time.
const patience = 24 * time.Hour

// Refusal is a decision of a quota as an error.
func Refusal(d access.Decision, s State, now time.Time) *errs.Error {
	e := errs.As(d.Err())
	if d.Clause != string(access.QuotaExceeded) {
		return e
	}
	e = errs.New(errs.TooMany, e.Code, e.Detail).With("decision_id", d.ID.String()).With("meter", s.Meter)
	if d.NeedsPlan != "" {
		e = e.With("needs_plan", d.NeedsPlan)
	}
	if s.Limit != nil {
		e = e.With("limit", *s.Limit).With("used", *s.Used).With("remaining", *s.Remaining)
	}
	if s.Budget != nil {
		e = e.With("budget", *s.Budget)
	}
	if s.ResetsAt != nil {
		e = e.With("resets_at", *s.ResetsAt)
		e.RetryAfter = min(max(s.ResetsAt.Sub(now), time.Second), patience)
	}
	return e
}
