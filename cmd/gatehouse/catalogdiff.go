package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// changeLine is what one role on one plan gains and loses.
type changeLine struct {
	Role           rbac.Role         `json:"role"`
	Plan           billing.Plan      `json:"plan"`
	Gained         []rbac.Permission `json:"gained"`
	Lost           []rbac.Permission `json:"lost"`
	GainedFeatures []billing.Feature `json:"gained_features"`
	LostFeatures   []billing.Feature `json:"lost_features"`
}

func changeOf(c catalog.Change) changeLine {
	return changeLine{c.Role, c.Plan, listed(c.Gained), listed(c.Lost), listed(c.GainedFeatures), listed(c.LostFeatures)}
}

// listed is a list as JSON wants it: an empty one, not null.
func listed[T any](list []T) []T { return append([]T{}, list...) }

func (l changeLine) columns() []string {
	return []string{string(l.Role), string(l.Plan), signed(l.Gained, l.Lost), signed(l.GainedFeatures, l.LostFeatures)}
}

// signed is what is gained and lost in one cell: "+reports:export -chat:use".
func signed[T ~string](gained, lost []T) string {
	var parts []string
	for _, g := range gained {
		parts = append(parts, "+"+string(g))
	}
	for _, l := range lost {
		parts = append(parts, "-"+string(l))
	}
	if len(parts) == 0 {
		return "="
	}
	return strings.Join(parts, " ")
}

// planShift is a number of a plan that becomes another.
type planShift struct {
	Plan billing.Plan `json:"plan"`
	numberShift
}

// planLimit is a limit of a plan that becomes another.
type planLimit struct {
	Plan billing.Plan `json:"plan"`
	limitShift
}

// planSale is a meter of a plan that is sold on other terms.
type planSale struct {
	Plan billing.Plan `json:"plan"`
	saleShift
}

type diffOut struct {
	Changes  []changeLine `json:"changes"` // for who takes the newest version of the plan
	Numbers  []planShift  `json:"numbers"`
	Meters   []planSale   `json:"meters"`
	Limits   []planLimit  `json:"limits"`
	Versions []affected   `json:"versions,omitzero"` // nil without a database
}

func catalogDiff() *cobra.Command {
	var withTenants bool
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what each role on each plan gains and loses from one catalog file to another",
		Long: "With a database it also says, for each version of a plan that tenants have, what they gain and lose at once, and what they will\n" +
			"when they are moved to the newest version; without, it needs none.",
		Example: "  gatehouse catalog show --source > old.yaml\n" +
			"  gatehouse catalog diff old.yaml new.yaml",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want two arguments: %s", c.UseLine())
			}
			return nil
		},
	}
	c.Flags().BoolVar(&withTenants, "tenants", false, "fail if there is no database to say which tenants gain or lose something")
	c.RunE = func(c *cobra.Command, args []string) error {
		before, errBefore := parseCatalog(args[0])
		after, errAfter := parseCatalog(args[1])
		if err := errors.Join(errBefore, errAfter); err != nil {
			return err
		}
		out := diffOut{Changes: []changeLine{}, Numbers: []planShift{}, Meters: []planSale{}, Limits: []planLimit{}}
		for _, change := range catalog.Diff(before, after) {
			out.Changes = append(out.Changes, changeOf(change))
		}
		for _, plan := range billing.Plans() {
			for _, n := range catalog.DiffNumbers(before, after, plan) {
				out.Numbers = append(out.Numbers, planShift{plan, numberShift{string(n.Feature), n.From, n.To}})
			}
			for _, m := range catalog.DiffMeters(before, after, plan) {
				out.Meters = append(out.Meters, planSale{plan, saleShiftOf(m)})
			}
			newest := billing.Pin{Plan: plan}
			for _, l := range catalog.DiffLimits(before, after, newest, newest) {
				out.Limits = append(out.Limits, planLimit{plan, limitShift(l)})
			}
		}
		if _, err := settingsFor(c, "GATEHOUSE_DATABASE_URL"); err == nil || withTenants {
			if out.Versions, err = versionsAffected(c, before, after); err != nil {
				return err
			}
		}
		return show(c, out, func() error { return out.print(c) })
	}
	return printing(data(c))
}

func (o diffOut) print(c *cobra.Command) error {
	if len(o.Changes)+len(o.Numbers)+len(o.Meters)+len(o.Limits) == 0 {
		if err := say(c, "no role gains or loses anything"); err != nil {
			return err
		}
	}
	var changes, numbers, meters, limits [][]string
	for _, change := range o.Changes {
		changes = append(changes, change.columns())
	}
	for _, n := range o.Numbers {
		numbers = append(numbers, []string{string(n.Plan), n.Feature, amount(n.From), amount(n.To)})
	}
	for _, m := range o.Meters {
		meters = append(meters, []string{string(m.Plan), m.Feature, m.From.String(), m.To.String()})
	}
	for _, l := range o.Limits {
		limits = append(limits, []string{string(l.Plan), l.signed(), l.From, l.To})
	}
	if err := section(c, false, []string{"ROLE", "PLAN", "PERMISSIONS", "FEATURES"}, changes); err != nil {
		return err
	}
	if err := section(c, len(changes) > 0, []string{"PLAN", "NUMBER", "FROM", "TO"}, numbers); err != nil {
		return err
	}
	if err := section(c, len(changes)+len(numbers) > 0, []string{"PLAN", "METER", "FROM", "TO"}, meters); err != nil {
		return err
	}
	if err := section(c, len(changes)+len(numbers)+len(meters) > 0, []string{"PLAN", "LIMIT", "FROM", "TO"}, limits); err != nil || o.Versions == nil {
		return err
	}
	return printAffected(c, o.Versions)
}

// section prints rows, if there are any, after an empty line if something stands above.
func section(c *cobra.Command, parted bool, heading []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if parted {
		if err := say(c, ""); err != nil {
			return err
		}
	}
	return table(c, heading, rows)
}
