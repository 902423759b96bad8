package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// checkMeter asks what a server would decide about a use, and has nothing reserved.
func (t *target) checkMeter(ctx context.Context, store *access.Store, p *authn.Principal, use metered.Use, answer *checked) error {
	err := t.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error { // budgets are of people
		m, err := tenants.Member(ctx, tx, p.Membership)
		p.User = m.UserID
		return err
	})
	if err != nil {
		return err
	}
	pool, err := usage.Open(ctx, t.db)
	if err != nil {
		return err
	}
	defer pool.Close()
	engine, err := quota.New(quota.Config{DB: t.db, Pool: pool, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	meters := metered.Meters{Access: store, Quota: engine}
	d, state, err := meters.Ask(ctx, p, use)
	if err != nil {
		return err
	}
	if d.Clause != "" {
		answer.Decision = d
	}
	if state.Known() {
		answer.Quota = &state
	}
	return nil
}

// said is a line about a budget; nothing if nothing is known.
func said(s *metered.State) string {
	switch {
	case s == nil:
		return ""
	case s.Limit == nil:
		return fmt.Sprintf("\n%s: unlimited", s.Meter)
	}
	amount := func(n int64) string {
		if s.Budget != nil && s.Budget.Measure == quota.Cost {
			return money(n, s.Budget.Currency)
		}
		return strconv.FormatInt(n, 10)
	}
	line := fmt.Sprintf("\n%s: %s of %s used, %s remaining", s.Meter, amount(*s.Used), amount(*s.Limit), amount(*s.Remaining))
	if s.ResetsAt != nil {
		line += ", resets at " + s.ResetsAt.Format(time.RFC3339)
	}
	if s.Budget != nil {
		whose := map[quota.Kind]string{quota.OfTenant: "the tenant", quota.OfUser: "the member", quota.OfKey: "the key"}[s.Budget.Kind]
		line += fmt.Sprintf(" (%s by %s, of %s", s.Budget.Measure, s.Budget.Period, whose)
		if s.Budget.ByPlan {
			line += ", by the plan"
		}
		line += ")"
	}
	if s.Over {
		line += "; over a soft limit"
	}
	return line
}
