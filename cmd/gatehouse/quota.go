package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func quotaCommand() *cobra.Command {
	return group("quota", "Show, set and remove the budgets of a tenant within its plan", quotaRules(), quotaSet(), quotaRemove())
}

type ruleLine struct {
	Meter    billing.Feature `json:"meter"`
	Of       string          `json:"of"`
	Measure  quota.Measure   `json:"measure"`
	Currency string          `json:"currency,omitempty"`
	Period   billing.Period  `json:"period"`
	Amount   int64           `json:"amount"`
	Soft     bool            `json:"soft"`
}

func ruleOf(r quota.Rule) ruleLine {
	return ruleLine{r.Meter, r.Of(), r.Measure, r.Currency, r.Period, r.Amount, r.Soft}
}

func (r ruleLine) columns() []string {
	amount, limit := strconv.FormatInt(r.Amount, 10), billing.Hard
	if r.Measure == quota.Cost {
		amount = money(r.Amount, r.Currency)
	}
	if r.Soft {
		limit = billing.Soft
	}
	return []string{string(r.Meter), r.Of, string(r.Measure), string(r.Period), amount, string(limit)}
}

func quotaRules() *cobra.Command {
	c := lister[quota.Rule, ruleLine]{
		short:   "List the budgets of a tenant within its plan",
		heading: []string{"METER", "OF", "MEASURE", "PERIOD", "AMOUNT", "LIMIT"},
		rows: func(ctx context.Context, _ *target, tx *db.TenantTx) ([]quota.Rule, error) {
			return quota.Rules(ctx, tx)
		},
		line: ruleOf, columns: ruleLine.columns,
	}.command()
	c.Use = "rules --tenant SLUG"
	return c
}

// ruleNamed is what the flags say that name a rule.
type ruleNamed struct{ tenant, of, measure, period string }

func (n *ruleNamed) flags(c *cobra.Command) {
	c.Flags().StringVar(&n.tenant, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&n.of, "of", string(quota.OfTenant), "whose: tenant; user or api_key for each of them; or the id or the e-mail address of one")
	c.Flags().StringVar(&n.measure, "measure", string(quota.Quantity), "what counts: quantity, events or cost")
	c.Flags().StringVar(&n.period, "period", string(billing.Month), "day, month, billing or year")
	required(c, "tenant")
}

func (n *ruleNamed) rule(ctx context.Context, tx *db.TenantTx, meter string) (quota.Rule, error) {
	r := quota.Rule{Meter: billing.Feature(meter), Measure: quota.Measure(n.measure), Period: billing.Period(n.period)}
	if strings.Contains(n.of, "@") {
		address, err := tenants.ParseEmail(n.of)
		if err != nil {
			return r, err
		}
		m, err := tenants.MemberByEmail(ctx, tx, address.Address)
		r.Kind, r.Subject = quota.OfUser, m.UserID.UUID()
		return r, err
	}
	var err error
	if r.Kind, r.Subject, err = quota.ParseOf(n.of); err != nil {
		return r, fmt.Errorf("--of %q: %w", n.of, err)
	}
	return r, nil
}

func quotaSet() *cobra.Command {
	var named ruleNamed
	var amount string
	var soft bool
	c := &cobra.Command{
		Use:   "set METER --tenant SLUG --amount N [--of WHOM] [--measure MEASURE] [--period PERIOD] [--soft]",
		Short: "Set a budget within what the plan includes",
		Long: "There is one budget of each meter, measure, period and whom; to set it again replaces it. One for somebody alone counts in place of\n" +
			"that for each.",
		Example: "  gatehouse quota set ai.tokens --tenant acme --of user --period day --amount 50000\n" +
			"  gatehouse quota set ai.tokens --tenant acme --of mia@acme.example --period day --amount 200000\n" +
			"  gatehouse quota set ai.tokens --tenant acme --measure cost --amount 250 --soft",
		Args: one,
	}
	named.flags(c)
	c.Flags().StringVar(&amount, "amount", "", "how much; of a cost in units of the currency, for example 12.50")
	c.Flags().BoolVar(&soft, "soft", false, "let everything pass, and say that it is over")
	required(c, "amount")
	c.RunE = func(c *cobra.Command, args []string) error {
		n, err := budgetAmount(amount, quota.Measure(named.measure))
		if err != nil {
			return err
		}
		var r quota.Rule
		return overriding(c, named.tenant, func(ctx context.Context, tx *db.TenantTx, held *catalog.Catalog) error {
			if r, err = named.rule(ctx, tx, args[0]); err != nil {
				return err
			}
			r.Amount, r.Soft = n, soft
			r, err = tenants.SetBudget(ctx, tx, held, r)
			return err
		}, func() any { return ruleOf(r) }, func() error {
			cells := ruleOf(r).columns()
			return say(c, "%s of %s: %s of %s by %s for %s, %s", cells[0], named.tenant, cells[4], cells[2], cells[3], cells[1], cells[5])
		})
	}
	return printing(data(c))
}

func quotaRemove() *cobra.Command {
	var named ruleNamed
	c := &cobra.Command{
		Use:     "remove METER --tenant SLUG [--of WHOM] [--measure MEASURE] [--period PERIOD]",
		Short:   "Remove a budget; what the plan includes stays",
		Example: "  gatehouse quota remove ai.tokens --tenant acme --of user --period day",
		Args:    one,
	}
	named.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var r quota.Rule
		return overriding(c, named.tenant, func(ctx context.Context, tx *db.TenantTx, _ *catalog.Catalog) (err error) {
			if r, err = named.rule(ctx, tx, args[0]); err != nil {
				return err
			}
			return quota.RemoveRule(ctx, tx, r)
		}, func() any {
			return map[string]string{"meter": args[0], "of": r.Of(), "measure": named.measure, "period": named.period}
		}, func() error {
			return say(c, "the budget of %s of %s by %s for %s is removed", args[0], named.tenant, named.period, r.Of())
		})
	}
	return printing(data(c))
}

var decimal = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,9}))?$`)

// budgetAmount reads a number, or of a cost units of its currency as billionths.
func budgetAmount(text string, m quota.Measure) (int64, error) {
	if m != quota.Cost {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("--amount %q is not a number in digits", text)
		}
		return n, nil
	}
	parts := decimal.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("--amount %q is not an amount of money such as 250 or 12.50", text)
	}
	n, err := strconv.ParseInt(parts[1]+(parts[2] + "000000000")[:9], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("--amount %q: %w", text, err)
	}
	return n, nil
}
