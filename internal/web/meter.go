package web

import (
	"strconv"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

// meter holds the caller to the tenant's plan: an API key to its own limit, each caller to theirs, and all of the tenant together. The
// narrowest comes first, so that one caller who is refused takes nothing from the others. An address plays no part.
func (ex *exchange) meter() error {
	var m meter
	p := ex.principal
	if own := ratelimit.Limit(p.Rate); !own.IsZero() {
		key := ratelimit.Key{What: "key", Tenant: p.Tenant.Bytes(), Who: p.Key.Bytes()}
		if !m.allow(ex, "key", "", key, own) {
			return m.refuse(ex, "", own)
		}
	}
	if rate := ex.rates().Of(ex.route.group); rate != nil {
		group := string(rate.Group)
		key := ratelimit.Key{What: group, Tenant: p.Tenant.Bytes(), Who: caller(p)}
		if !rate.Caller.IsZero() && !m.allow(ex, group, "-each", key, rate.Caller) {
			return m.refuse(ex, rate.CallerNeeds, rate.Caller)
		}
		key.Who = [16]byte{}
		if !rate.Tenant.IsZero() && !m.allow(ex, group, "", key, rate.Tenant) {
			return m.refuse(ex, rate.TenantNeeds, rate.Tenant)
		}
	}
	m.tell(ex)
	return nil
}

// meter gathers what clients are told of the limits that they were held to.
type meter struct {
	policy, left [160]byte // what three limits take at most
	policyLen    int
	leftLen      int
	last         ratelimit.Result
}

// allow asks of one limit, and notes it for the headers under a name of two parts.
func (m *meter) allow(ex *exchange, name, suffix string, key ratelimit.Key, limit ratelimit.Limit) bool {
	m.last = ex.server.limiter.Allow(key, limit)
	wait := m.last.ResetAfter
	if !m.last.Allowed {
		wait = m.last.RetryAfter // the same moment that Retry-After says
	}
	// RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-10: lists of structured fields.
	policy := item(m.policy[:m.policyLen], name, suffix)
	policy = strconv.AppendInt(append(policy, ";q="...), int64(limit.Events), 10)
	policy = strconv.AppendInt(append(policy, ";w="...), int64(limit.Per/time.Second), 10)
	left := item(m.left[:m.leftLen], name, suffix)
	left = strconv.AppendInt(append(left, ";r="...), int64(m.last.Remaining), 10)
	left = strconv.AppendInt(append(left, ";t="...), seconds(wait), 10)
	m.policyLen, m.leftLen = copy(m.policy[:], policy), copy(m.left[:], left)
	return m.last.Allowed
}

func item(list []byte, name, suffix string) []byte {
	if len(list) > 0 {
		list = append(list, ", "...)
	}
	list = append(append(append(list, '"'), name...), suffix...)
	return append(list, '"')
}

// tell sets the headers. Both are parts of one text, which is the only allocation.
func (m *meter) tell(ex *exchange) {
	if m.policyLen == 0 {
		return
	}
	var both [len(m.policy) + len(m.left)]byte
	n := copy(both[:], m.policy[:m.policyLen])
	n += copy(both[n:], m.left[:m.leftLen])
	text := string(both[:n])
	ex.limits = [2]string{text[:m.policyLen], text[m.policyLen:]}
	h := ex.Response().Header()
	h["Ratelimit-Policy"], h["Ratelimit"] = ex.limits[0:1:1], ex.limits[1:2:2]
}

func (m *meter) refuse(ex *exchange, needs billing.Plan, limit ratelimit.Limit) error {
	m.tell(ex)
	return needing(tooMany(m.last).With("limit", limit.String()), needs)
}

var errConcurrent = errs.New(errs.TooMany, "too_many_concurrent", "Your organization has as many requests in progress as its plan allows at once.")

// room holds a tenant to the number of its requests that may be in progress: that of its plan, and a share of the server, since one whose
// people send their bodies slowly would else stop all others.
func (ex *exchange) room() error {
	most, needs := ex.rates().Concurrent()
	shares := ex.server.tenantShares
	if most == 0 || most >= shares.Limit() {
		if ex.roomed = shares.Enter(ex.principal.Tenant); !ex.roomed {
			return errOverloaded
		}
		return nil
	}
	if ex.roomed = shares.EnterWithin(ex.principal.Tenant, most); !ex.roomed {
		e := errConcurrent.With("concurrent", most)
		e.RetryAfter = time.Second
		return needing(e, needs)
	}
	return nil
}

// rates are those of the principal's tenant. They are asked for once, so that one request is held to one state of them.
func (ex *exchange) rates() *catalog.Rates {
	if !ex.rated {
		ex.plan, ex.rated = ex.server.access.Rates(ex.principal), true
	}
	return ex.plan
}

// needing says which plan is a way out, if there is one.
func needing(e *errs.Error, plan billing.Plan) *errs.Error {
	if plan == "" {
		return e
	}
	return e.With("needs_plan", string(plan))
}

// caller is who shares a limit with nobody: a member, however many sessions they have, or an API key.
func caller(p *authn.Principal) [16]byte {
	if p.Kind == authn.APIKey {
		return p.Key.Bytes()
	}
	return p.Membership.Bytes()
}

// seconds rounds up: who waits so long is not too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
