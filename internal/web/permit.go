package web

import (
	"math"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

var errSessionRequired = errs.New(errs.Forbidden, "session_required", "A person must do this in a session; API keys and set-up links cannot.")

// permit decides: what speaks against the caller, then permission, then plan. The refusal says what would allow it.
func (ex *exchange) permit() error {
	r := ex.route
	if r.anyStanding != "" && ex.standing != nil {
		return nil
	}
	if r.permission == "" {
		return errForbidden // a row without one was never mounted; the zero value denies all the same
	}
	d := ex.server.access.Ask(ex.principal, ex.standing, access.Question{Permission: r.permission, Feature: r.feature, Route: ex.label()})
	if !d.Allowed {
		return d.Err()
	}
	return nil
}

// stepUp demands a person, and one who signed in recently.
func (ex *exchange) stepUp() error {
	r, p := ex.route, ex.principal
	if r.sessionOnly && p.Kind != authn.Member {
		return errSessionRequired
	}
	if r.stepUp > 0 && time.Since(p.AuthTime) > r.stepUp {
		return errs.New(errs.Unauthenticated, "reauth_required", "Sign in again to do this.").
			With("max_age", int(r.stepUp.Seconds()))
	}
	return nil
}

// throttle limits one principal on one row, or one address where nobody is known.
func (ex *exchange) throttle() error {
	limit := ex.route.limit
	if limit.IsZero() {
		if ex.route.open == "" || ex.Request().Method == http.MethodGet {
			return nil
		}
		limit = ex.server.openLimit
	}
	key := ratelimit.Key{What: ex.route.label}
	if p := ex.principal; p != nil {
		key.Tenant, key.Who = p.Tenant.Bytes(), caller(p)
	} else {
		key.Where = ratelimit.AddressKey(ex.origin.Address)
	}
	if r := ex.server.limiter.Allow(key, limit); !r.Allowed {
		return tooMany(r)
	}
	return nil
}

func tooMany(r ratelimit.Result) *errs.Error {
	e := errs.New(errs.TooMany, "rate_limited", "There were too many requests. Wait before the next one.")
	e.RetryAfter = time.Duration(math.Max(float64(r.RetryAfter), float64(time.Second)))
	return e
}
