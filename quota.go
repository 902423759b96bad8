package gatehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// holdLimit is for how long a hold keeps its lease: what it has taken is lent to others after that.
const holdLimit = 5 * time.Minute

// QuotaError refuses a use: a budget has less left than it may take. [Gatehouse.Refuse] answers with it.
type QuotaError struct {
	Meter                  string
	Limit, Used, Remaining int64  // in calls or in billionths of money where the budget counts those
	Budget                 string // whose it is: tenant, user or api_key
	Measure                string // what it counts: quantity, events, cost or subjects
	Currency               string // of a cost
	ResetsAt               time.Time
	NeedsPlan              string // the lowest plan that would allow; "" if none would, or if it is a budget of the tenant's own
	DecisionID             string // in the log of decisions
	problem                *errs.Error
}

// Error implements error.
func (e *QuotaError) Error() string {
	what := e.Meter
	if e.Currency != "" {
		what += ", in billionths of " + e.Currency
	}
	return fmt.Sprintf("gatehouse: %s: %d of %d are used until %s", what, e.Used, e.Limit, e.ResetsAt.Format(time.RFC3339))
}

// Unwrap has the API answer with the problem.
func (e *QuotaError) Unwrap() error { return e.problem }

func quotaError(d access.Decision, s metered.State, problem *errs.Error) *QuotaError {
	e := &QuotaError{Meter: string(s.Meter), NeedsPlan: d.NeedsPlan, DecisionID: d.ID.String(), problem: problem}
	if s.Limit != nil {
		e.Limit, e.Used, e.Remaining = *s.Limit, *s.Used, *s.Remaining
	}
	if s.ResetsAt != nil {
		e.ResetsAt = *s.ResetsAt
	}
	if s.Budget != nil {
		e.Budget, e.Measure, e.Currency = string(s.Budget.Kind), string(s.Budget.Measure), s.Budget.Currency
	}
	return e
}

// Hold is what a use has taken of its budgets before it happens. Settle or release it once, in the process that took it; one that is left
// behind ends by itself.
type Hold struct {
	hold  *metered.Hold
	meter string
	route string
}

// Take decides whether the caller of a request may use a meter, in a handler behind [Gatehouse.Require], and takes the most that it may be of
// all of its budgets, or of none: those of the tenant's plan, and those that the tenant has set for itself, its people and its API keys. Of u
// the meter, quantity, cost, currency and subject are read. A refusal is a [*QuotaError]; if the database cannot be asked and the meter is closed then,
// the error is [ErrUnavailable]. Far from the limits it asks nobody. Run must be running.
//
//	hold, err := g.Take(ctx, gatehouse.Use{Meter: "ai.tokens", Quantity: maxTokens})
//	if err != nil {
//		return g.Refuse(c, err)
//	}
//	defer hold.Release() // nothing, once it is settled
//	…
//	err = hold.Settle(ctx, gatehouse.Use{Quantity: usedTokens, Model: "large"})
func (g *Gatehouse) Take(ctx context.Context, u Use) (*Hold, error) {
	route := web.RouteOf(ctx)
	h, d, state, err := g.meters.Take(ctx, authn.From(ctx), metered.Use{
		Meter: billing.Feature(u.Meter), Quantity: u.Quantity, Cost: u.Cost, Currency: u.Currency, Subject: u.Subject, Route: route, Lasts: holdLimit,
	})
	switch {
	case err != nil && errs.As(err).Kind == errs.Unavailable:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return nil, fmt.Errorf("gatehouse: take of %s: %w", u.Meter, err)
	case h != nil:
		return &Hold{h, u.Meter, route}, nil
	}
	problem := metered.Refusal(d, state, g.now())
	if d.Clause != string(access.QuotaExceeded) {
		return nil, fmt.Errorf("gatehouse: take of %s: %w", u.Meter, problem)
	}
	return nil, quotaError(d, state, problem)
}

// Refuse answers a request with the problem document of a refusal, such as that of [Gatehouse.Take], in a handler behind [Gatehouse.Require].
// Of an error that is none of ours it says no more than that something went wrong.
func (g *Gatehouse) Refuse(c echo.Context, err error) error { return g.web.Refuse(c, err) }

// Over says that the use is above a soft limit, which lets it pass.
func (h *Hold) Over() bool { return h.hold.Answer().Over }

// Unchecked says that the database could not be asked, and that the meter lets calls pass then.
func (h *Hold) Unchecked() bool { return h.hold.Answer().Unchecked }

// Settle counts what was used, as [Gatehouse.Record] does, and gives back what was not. Its meter is that of the hold. More than was taken
// counts all the same. After an error it may be called again, which is exact.
func (h *Hold) Settle(ctx context.Context, u Use) error {
	o, err := h.hold.Settle(ctx, u.event(h.route))
	switch {
	case errors.Is(err, metered.ErrOver):
		return fmt.Errorf("gatehouse: settle %s: %w", h.meter, err)
	case err != nil:
		return fmt.Errorf("gatehouse: record usage of %s: %w", h.meter, err)
	case o.Status == usage.Refused:
		return fmt.Errorf("gatehouse: record usage of %s: %w", h.meter, o.Refusal)
	}
	return nil
}

// Release gives everything back: nothing was used. After Settle has succeeded it does nothing.
func (h *Hold) Release() { h.hold.Release() }
