package quota

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Standing is a budget and what it is now.
type Standing struct {
	Budget

	Soft   bool
	ByPlan bool // it is the number of the plan, and no rule of the tenant's own
	State
}

// States returns the budgets of a tenant that run now, of the meters that it is given: those of the plan, unless it sets no end, and of the
// tenant's own rules. Of one for each person or key there are those who have met it in the period.
func (e *Engine) States(ctx context.Context, tenant id.Tenant, meters map[billing.Feature]*Terms) ([]Standing, error) {
	h := e.holder(tenant)
	r, err := e.rulesOf(ctx, h)
	if err != nil {
		return nil, err
	}
	mono, _ := e.now()
	now := e.clock.Load().at(mono)
	var list []Standing
	err = e.ledger.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := e.ledger.running(ctx, tx, tenant, now)
		if err != nil {
			return err
		}
		for name, t := range meters {
			for _, s := range r.standing(tenant, name, t, rows, now) {
				if s.State, err = e.ledger.state(ctx, tx, &s, rows, r.grants[name], now); err != nil {
					return err
				}
				list = append(list, s.Standing)
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Standing) int { return -a.compare(b.Budget) })
	return list, err
}

// standing is a budget with what it comes to.
type standing struct {
	Standing

	terms
}

// standing returns the budgets of a meter.
func (r *rules) standing(tenant id.Tenant, name billing.Feature, t *Terms, rows map[Budget]row, now time.Time) (list []standing) {
	add := func(m Measure, kind Kind, subject uuid.UUID, period billing.Period, of terms) {
		starts, ends := period.Bounds(now, t.Anchor)
		of.ends, of.version = ends, t.Version
		list = append(list, standing{Standing{Budget: Budget{tenant, name, m, currencyOf(t.Meter, m), kind, subject, period, starts}, Soft: of.soft}, of})
	}
	rules := slices.Clone(r.byMeter[name])
	if n := t.Number; !n.Unlimited && t.Meter.Aggregation != billing.Max {
		of := terms{base: n.Value, soft: t.Meter.Limit == billing.Soft, byPlan: true}
		measure := plain(t.Meter)
		if t.Meter.Aggregation == billing.Unique {
			measure = Subjects
		}
		same := func(r Rule) bool { return r.Kind == OfTenant && r.Measure == measure && r.Period == t.Meter.Period }
		if at := slices.IndexFunc(rules, same); at >= 0 {
			of = of.within(rules[at])
			rules = slices.Delete(rules, at, at+1)
		}
		add(measure, OfTenant, uuid.Nil, t.Meter.Period, of)
	}
	if !t.Meter.Aggregation.Adds() {
		return list // rules count nothing of others
	}
	for _, rule := range rules {
		of := terms{base: rule.allows(t.Meter), soft: rule.Soft}
		if rule.Kind == OfTenant || rule.Subject != uuid.Nil {
			add(rule.Measure, rule.Kind, rule.Subject, rule.Period, of)
			continue
		}
		starts, _ := rule.Period.Bounds(now, t.Anchor)
		for b := range rows {
			if b.Meter == name && b.Measure == rule.Measure && b.Currency == currencyOf(t.Meter, rule.Measure) && b.Kind == rule.Kind && b.Period == rule.Period && b.Starts.Equal(starts) && !r.named(rule, b.Subject) {
				add(rule.Measure, rule.Kind, b.Subject, rule.Period, of)
			}
		}
	}
	return list
}

const runningSQL = `SELECT meter, measure, kind, subject, period, starts_at, amount, version, used, leased FROM quotas
	WHERE tenant_id = $1 AND starts_at <= $2 AND ends_at > $2`

// running returns the rows of a tenant's budgets at a moment.
func (l *ledger) running(ctx context.Context, tx pgx.Tx, tenant id.Tenant, now time.Time) (map[Budget]row, error) {
	found, err := tx.Query(ctx, runningSQL, tenant.UUID(), now)
	if err != nil {
		return nil, fmt.Errorf("list the budgets of %s: %w", tenant, err)
	}
	rows := map[Budget]row{}
	b, r := Budget{Tenant: tenant}, row{now: now}
	var what counted
	_, err = pgx.ForEachRow(found, []any{&b.Meter, &what, &b.Kind, &b.Subject, &b.Period, &b.Starts, &r.amount, &r.version, &r.used, &r.leased}, func() error {
		b.Measure, b.Currency = what.parts()
		b.Starts = b.Starts.UTC()
		rows[b] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the budgets of %s: %w", tenant, err)
	}
	return rows, nil
}

// What the row of a budget would begin with, as makeSQL has it.
const unmadeSQL = `SELECT CASE $3::text WHEN 'subjects' THEN count(DISTINCT subject) ELSE
	LEAST(COALESCE(sum(` + counts + `), 0), ` + largest + `)::bigint END FROM usage_hours
	WHERE tenant_id = $1 AND meter = $2 AND starts_at >= $6 AND starts_at < $7
	AND ($4 = 'tenant' OR $4 = 'user' AND user_id = $5 OR $4 = 'api_key' AND key_id = $5)`

// state is what a budget is, without a lock: what is lent meanwhile is not in it.
func (l *ledger) state(ctx context.Context, tx pgx.Tx, s *standing, rows map[Budget]row, grants []Grant, now time.Time) (State, error) {
	r, made := rows[s.Budget]
	if !made {
		r.now = now
		b := s.Budget
		err := tx.QueryRow(ctx, unmadeSQL, b.Tenant.UUID(), string(b.Meter), string(b.counted()), string(b.Kind), b.Subject, b.Starts, s.ends).Scan(&r.used)
		if err != nil {
			return State{}, fmt.Errorf("sum what was used of %s: %w", b.Meter, err)
		}
	}
	if !made || s.version >= r.version {
		var granted int64
		if s.byPlan && len(grants) > 0 {
			former, err := l.former(ctx, tx, s.Budget, grants)
			if err != nil {
				return State{}, err
			}
			granted = left(grants, former, r.now)
		}
		r.amount = s.limit(granted)
	}
	s.ByPlan = s.ofPlan(r.amount)
	used := r.total()
	return State{Limit: billing.Number{Value: r.amount}, Used: used, Remaining: max(0, r.amount-used), ResetsAt: s.ends}, nil
}
