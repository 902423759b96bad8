package access

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// question is one that the table has answered, with all that the answer came from.
type question struct {
	by         *inForce
	tenant     *Tenant
	role       rbac.Role
	permission rbac.Permission
	feature    billing.Feature
	now        time.Time
	allowed    bool
}

// waiting is how many questions wait for Casbin at most; what comes beyond is not asked, since no decision waits.
const waiting = 64

// recheck has Casbin asked too, if chance wants it.
func (s *Store) recheck(
	by *inForce, t *Tenant, role rbac.Role, permission rbac.Permission, feature billing.Feature, now time.Time, allowed bool,
) {
	if rand.Uint64()%s.recheckOf != 0 { //nolint:gosec // a sample
		return
	}
	select {
	case s.rechecks <- question{by, t, role, permission, feature, now, allowed}:
	default:
	}
}

// compare asks Casbin, which is the definition, what the compiled table has answered, and raises the alarm when they differ.
func (s *Store) compare(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-s.rechecks:
			s.ask(ctx, q)
		}
	}
}

func (s *Store) ask(ctx context.Context, q question) {
	s.stats.Rechecks.Add(1)
	allowed, err := q.tenant.enforce(q.by.casbin, q.by.catalog, q.role, q.permission, q.feature, q.now)
	if err == nil && allowed == q.allowed {
		return
	}
	s.stats.Mismatches.Add(1)
	attrs := []any{
		"tenant", q.tenant.ID.String(), "role", string(q.role), "plan", string(q.tenant.plan(q.now)), "permission", string(q.permission),
		"feature", string(q.feature), "catalog", q.by.version, "answered", q.allowed, "casbin", allowed,
	}
	if err != nil {
		attrs = append(attrs, "error", err.Error())
	}
	s.log.ErrorContext(ctx, "decision_mismatch", attrs...)
}
