package quota

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// Rule is a budget that a tenant sets within its plan. Of a user or a key it counts from when it was first needed in its period, with what
// had been used before.
type Rule struct {
	Meter    billing.Feature
	Measure  Measure
	Currency string // of a cost: that of the meter when the rule was set. "" is the one that it has now
	Kind     Kind
	Subject  uuid.UUID // one user or key; zero means each, or the tenant
	Period   billing.Period
	Amount   int64
	Soft     bool
}

// allows is the amount of the rule in the currency of the meter. An amount of another is none of that, and where costs have no currency nobody
// knows what they come to: then it is nothing, until the rule is set anew.
func (r Rule) allows(m billing.Meter) int64 {
	if r.Measure == Cost && (m.Currency == "" || r.Currency != "" && r.Currency != m.Currency) {
		return 0
	}
	return r.Amount
}

const (
	// A call meets at most the plan's number and the rules of its meter: for the tenant, the user and the key.
	maxRules = maxBudgets - 1
	// MaxRules is how many a tenant has at most: instances hold all of them.
	MaxRules = 1_000
	// MaxAmount is the largest budget: a billion units of a currency. Sums of several stay within 64 bits.
	MaxAmount = 1_000_000_000_000_000_000
)

// ErrNoMoney refuses a budget of cost where costs may be of any currency.
var ErrNoMoney = errs.New(errs.Invalid, "meter_without_currency", "Costs of this meter have no currency, so that no budget can count them.")

// SetRule sets a budget of the tenant, or replaces the one of the same meter, measure, kind, subject and period.
func SetRule(ctx context.Context, tx *db.TenantTx, r Rule) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := r.room(ctx, tx); err != nil {
		return err
	}
	err := tx.DB.WithContext(ctx).Exec(`INSERT INTO quota_rules (meter, measure, currency, kind, subject, period, amount, soft, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, meter, measure, kind, subject, period)
		DO UPDATE SET currency = EXCLUDED.currency, amount = EXCLUDED.amount, soft = EXCLUDED.soft, created_at = EXCLUDED.created_at`,
		r.Meter, r.Measure, r.Currency, r.Kind, r.Subject, r.Period, r.Amount, r.Soft, tx.Now).Error
	if err != nil {
		return fmt.Errorf("set the budget of %s: %w", r.Meter, err)
	}
	tx.Changed("tenant")
	return events.Record(ctx, tx, events.BudgetSet, tx.Tenant, r.data())
}

// room refuses a rule that is one too many. One is set at a time, so that the count holds.
func (r Rule) room(ctx context.Context, tx *db.TenantTx) error {
	err := tx.DB.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "quota rules "+tx.Tenant.String()).Error
	if err != nil {
		return fmt.Errorf("lock the rules: %w", err)
	}
	var n struct{ Kinds, Others int }
	err = tx.DB.WithContext(ctx).Raw(`SELECT count(DISTINCT (measure, kind, period)) FILTER (WHERE meter = ? AND (measure, kind, period) <> (?, ?, ?)) AS kinds,
		count(*) FILTER (WHERE (meter, measure, kind, subject, period) <> (?, ?, ?, ?, ?)) AS others FROM quota_rules WHERE tenant_id = ?`,
		r.Meter, r.Measure, r.Kind, r.Period, r.Meter, r.Measure, r.Kind, r.Subject, r.Period, tx.Tenant).Scan(&n).Error
	switch {
	case err != nil:
		return fmt.Errorf("count the rules of %s: %w", r.Meter, err)
	case n.Kinds >= maxRules:
		return errs.New(errs.Conflict, "too_many_budgets", "A meter may have budgets of at most 7 kinds.")
	case n.Others >= MaxRules:
		return errs.New(errs.Conflict, "too_many_budgets", "An organization has at most 1,000 budgets of its own.")
	}
	return nil
}

func (r Rule) check() error {
	_, badMeter := billing.ParseFeature(string(r.Meter))
	_, badPeriod := billing.ParsePeriod(string(r.Period))
	_, badCurrency := billing.ParseCurrency(r.Currency)
	switch {
	case badMeter != nil:
		return errs.InvalidField("meter", "This is no name of a meter.")
	case badPeriod != nil:
		return errs.InvalidField("period", "A period is a day, a month, a billing period or a year.")
	case r.Measure != Quantity && r.Measure != Events && r.Measure != Cost:
		return errs.InvalidField("measure", "A budget is of quantity, events or cost.")
	case r.Measure == Cost && badCurrency != nil:
		return ErrNoMoney
	case r.Measure != Cost && r.Currency != "":
		return errs.InvalidField("currency", "Only a budget of cost has a currency.")
	case r.Kind != OfTenant && r.Kind != OfUser && r.Kind != OfKey:
		return errs.InvalidField("kind", "A budget is of the tenant, a user or an api_key.")
	case r.Kind == OfTenant && r.Subject != uuid.Nil:
		return errs.InvalidField("subject", "A budget of the tenant is nobody's else.")
	case r.Amount < 0 || r.Amount > MaxAmount:
		return errs.InvalidField("amount", "A budget is from 0 to 1,000,000,000,000,000,000.")
	}
	return nil
}

func (r Rule) data() events.Data {
	data := events.Data{"meter": r.Meter, "of": r.Of(), "measure": r.Measure, "period": r.Period, "amount": r.Amount, "soft": r.Soft}
	if r.Currency != "" {
		data["currency"] = r.Currency
	}
	return data
}

// RemoveRule removes a budget of the tenant. Only what names a rule is read of r.
func RemoveRule(ctx context.Context, tx *db.TenantTx, r Rule) error {
	var gone []struct {
		Currency string
		Amount   int64
		Soft     bool
	}
	err := tx.DB.WithContext(ctx).Raw(`DELETE FROM quota_rules WHERE tenant_id = ? AND meter = ? AND measure = ? AND kind = ? AND subject = ?
		AND period = ? RETURNING currency, amount, soft`, tx.Tenant, r.Meter, r.Measure, r.Kind, r.Subject, r.Period).Scan(&gone).Error
	if err != nil {
		return fmt.Errorf("remove the budget of %s: %w", r.Meter, err)
	}
	if len(gone) == 0 {
		return errs.NotFound("budget")
	}
	r.Currency, r.Amount, r.Soft = gone[0].Currency, gone[0].Amount, gone[0].Soft
	tx.Changed("tenant")
	return events.Record(ctx, tx, events.BudgetRemoved, tx.Tenant, r.data())
}

// Rules returns the budgets that the tenant has set.
func Rules(ctx context.Context, tx *db.TenantTx) ([]Rule, error) {
	var list []Rule
	err := tx.DB.WithContext(ctx).Raw(`SELECT meter, measure, currency, kind, subject, period, amount, soft FROM quota_rules WHERE tenant_id = ?
		ORDER BY meter, measure, kind, subject, period`, tx.Tenant).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list budgets: %w", err)
	}
	return list, nil
}

// rules is what a tenant has beside its plan. It is immutable but for being stale.
type rules struct {
	byMeter map[billing.Feature][]Rule
	grants  map[billing.Feature][]Grant
	read    time.Duration
	stale   atomic.Bool
}

// asks reports whether some rule of the meter is for people, or for keys.
func (r *rules) asks(meter billing.Feature) (byUser, byKey bool) {
	for _, rule := range r.byMeter[meter] {
		byUser = byUser || rule.Kind == OfUser
		byKey = byKey || rule.Kind == OfKey
	}
	return byUser, byKey
}

// of returns the rules that a call meets. One for its user or key comes before one for each.
func (r *rules) of(c *Call) (met []Rule) {
	for _, rule := range r.byMeter[c.Meter] {
		var who uuid.UUID
		switch rule.Kind {
		case OfUser:
			who = c.User.UUID()
		case OfKey:
			who = c.Key.UUID()
		case OfTenant:
			met = append(met, rule)
			continue
		}
		if who == uuid.Nil || rule.Subject != uuid.Nil && rule.Subject != who || rule.Subject == uuid.Nil && r.named(rule, who) {
			continue
		}
		met = append(met, rule)
	}
	return met
}

// named reports whether there is a rule like this one for a user or key alone.
func (r *rules) named(like Rule, who uuid.UUID) bool {
	for _, rule := range r.byMeter[like.Meter] {
		if rule.Kind == like.Kind && rule.Measure == like.Measure && rule.Period == like.Period && rule.Subject == who {
			return true
		}
	}
	return false
}

// load reads the rules, and the grants that are not revoked.
func (r *rules) load(ctx context.Context, tx *db.TenantTx) error {
	list, err := Rules(ctx, tx)
	if err != nil {
		return err
	}
	for _, rule := range list {
		r.byMeter[rule.Meter] = append(r.byMeter[rule.Meter], rule)
	}
	grants, err := Grants(ctx, tx)
	for _, g := range grants {
		if g.RevokedAt == nil {
			r.grants[g.Meter] = append(r.grants[g.Meter], g)
		}
	}
	return err
}

// rulesOf returns the tenant's rules, which it reads if they are not of this turn. It also reads the clock. Where the database cannot be asked,
// those are believed that nobody said have changed.
func (e *Engine) rulesOf(ctx context.Context, h *holder) (*rules, error) {
	mono, _ := e.now()
	h.mu.Lock()
	r, dropped := h.rules, h.dropped
	h.mu.Unlock()
	if r != nil && mono-r.read < e.turn() {
		return r, nil
	}
	next := &rules{byMeter: map[billing.Feature][]Rule{}, grants: map[billing.Feature][]Grant{}, read: mono}
	err := e.ledger.trip(ctx, func(ctx context.Context) error {
		return e.db.Tenant(ctx, h.tenant, func(tx *db.TenantTx) error {
			e.saw(mono, e.ledger.clock(tx.Now))
			return next.load(ctx, tx)
		})
	})
	if r != nil && errs.As(err).Kind == errs.Unavailable {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dropped != dropped { // something changed while it was read
		next.stale.Store(true)
		return next, nil
	}
	if h.rules != nil {
		h.rules.stale.Store(true)
	}
	h.rules = next
	return next, nil
}
