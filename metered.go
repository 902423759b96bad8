package gatehouse

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

const (
	// countLimit is how long an answer may wait to be counted. The request holds on meanwhile, which slows callers down to what is written.
	countLimit = 5 * time.Second
	countAgain = 100 * time.Millisecond
)

// HeaderQuota tells the caller of a route with meters of each that let it pass although it is above a soft limit (ai.calls;over), or although
// the database could not be asked (ai.calls;unchecked).
const HeaderQuota = "Gatehouse-Quota"

// holding takes one of each meter before the handler and counts it after, within the guard.
func (r Requirement) holding(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		holds, err := r.g.takeEach(c, r.meters)
		if err != nil {
			return r.g.Refuse(c, err)
		}
		defer func() { // what is not counted is given back, also when the handler panics
			for _, h := range holds {
				h.Release()
			}
		}()
		err = next(c)
		// Of an error whoever is above makes an answer, unless one was begun: then it was that.
		answered := err == nil || c.Response().Committed
		if status := c.Response().Status; answered && status >= http.StatusOK && status < http.StatusBadRequest {
			r.g.countAnswer(c, holds)
		}
		return err
	}
}

// takeEach takes one of each meter, or nothing.
func (g *Gatehouse) takeEach(c echo.Context, meters []string) ([]*Hold, error) {
	holds := make([]*Hold, 0, len(meters))
	for _, m := range meters {
		h, err := g.Take(c.Request().Context(), Use{Meter: m, Quantity: 1})
		if err != nil {
			for _, taken := range holds {
				taken.Release()
			}
			return nil, err
		}
		holds = append(holds, h)
		switch s := h.hold.Answer(); {
		case s.Over:
			c.Response().Header().Add(HeaderQuota, m+";over")
		case s.Unchecked:
			c.Response().Header().Add(HeaderQuota, m+";unchecked")
		}
	}
	return holds, nil
}

// countAnswer counts what was held of a request that was answered. The caller may be gone already.
func (g *Gatehouse) countAnswer(c echo.Context, holds []*Hold) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), countLimit)
	defer cancel()
	var all errgroup.Group // they are written together
	for _, h := range holds {
		all.Go(func() error {
			err := h.Settle(ctx, Use{Quantity: 1})
			for again(err) && ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-time.After(countAgain):
					err = h.Settle(ctx, Use{Quantity: 1})
				}
			}
			if err != nil {
				g.log.ErrorContext(ctx, "usage_not_counted", "route", web.RouteOf(ctx), "meter", h.meter, "error", err.Error())
			}
			return nil
		})
	}
	_ = all.Wait() // each says what went wrong
}

// again says that the same use may be taken when it is recorded once more.
func again(err error) bool {
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*usage.Refusal)) {
		return false
	}
	kind := errs.As(err).Kind
	return kind == errs.Unavailable || kind == errs.TooMany
}
