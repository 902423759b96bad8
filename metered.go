package gatehouse

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

const (
	// countLimit is how long an answer may wait to be counted. The request holds on meanwhile, which slows callers down to what is written.
	countLimit = 5 * time.Second
	countAgain = 100 * time.Millisecond
)

// counting counts after the handler, within the guard.
func (r Requirement) counting(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		// Of an error whoever is above makes an answer, unless one was begun: then it was that.
		answered := err == nil || c.Response().Committed
		if status := c.Response().Status; answered && status >= http.StatusOK && status < http.StatusBadRequest {
			r.count(c, r.meters)
		}
		return err
	}
}

// countAnswer counts one of each meter for the caller of a request that was answered. The caller may be gone already.
func (g *Gatehouse) countAnswer(c echo.Context, meters []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), countLimit)
	defer cancel()
	uses := make([]Use, len(meters))
	for i, m := range meters {
		uses[i] = Use{Meter: m, Quantity: 1, Key: id.New[id.Request]().UUID().String()} // which makes it exact to try again
	}
	err := g.Record(ctx, uses...)
	for again(err) && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(countAgain):
			err = g.Record(ctx, uses...)
		}
	}
	if err != nil {
		g.log.ErrorContext(ctx, "usage_not_counted", "route", web.RouteOf(ctx), "meters", meters, "error", err.Error())
	}
}

// again says that the same uses may be taken when they are recorded once more.
func again(err error) bool {
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*usage.Refusal)) {
		return false
	}
	kind := errs.As(err).Kind
	return kind == errs.Unavailable || kind == errs.TooMany
}
