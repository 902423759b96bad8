package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// planRequest is what the flags of gatehouse tenant plan ask for.
type planRequest struct {
	to             billing.Pin
	at             time.Time // zero is now
	dryRun, cancel bool
}

func tenantPlan() *cobra.Command {
	var plan, at string
	var r planRequest
	c := &cobra.Command{
		Use:   "plan SLUG [--plan PLAN [--version N] [--at DATE] [--dry-run] | --cancel]",
		Short: "Show a tenant's plan, or move it to another: now, or on a date; and say what it gains and loses",
		Long: "Without flags it shows the plan, its version, a trial and the dated moves. A move takes the newest version of the plan, unless\n" +
			"--version names another. A dated move is fixed when it is made, decides from its moment on, and can be canceled before.",
		Example: "  gatehouse tenant plan acme --plan pro --dry-run\n" +
			"  gatehouse tenant plan acme --plan pro --at 2026-12-01",
		Args: one,
	}
	c.Flags().StringVar(&plan, "plan", "", "move to free, pro, team or enterprise")
	c.Flags().Int64Var(&r.to.Version, "version", 0, "the version of the plan (default: the newest)")
	c.Flags().StringVar(&at, "at", "", "when: a date, which begins in UTC, or a time such as 2026-12-01T09:00:00Z (default: now)")
	c.Flags().BoolVar(&r.dryRun, "dry-run", false, "say what would change, and change nothing")
	c.Flags().BoolVar(&r.cancel, "cancel", false, "take the dated move back")
	c.MarkFlagsMutuallyExclusive("plan", "cancel")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if plan == "" && (at != "" || r.to.Version != 0 || r.dryRun) {
			return errors.New("--version, --at and --dry-run go with --plan")
		}
		if plan != "" {
			if r.to.Plan, err = billing.ParsePlan(plan); err != nil {
				return err
			}
			if r.to.Version < 0 || c.Flags().Changed("version") && r.to.Version == 0 {
				return errors.New("--version counts from 1")
			}
		}
		if r.at, err = moment("at", at); err != nil {
			return err
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		switch {
		case r.cancel:
			return t.cancelPlan(ctx, c, args[0])
		case plan == "":
			return t.showPlan(ctx, c, args[0])
		}
		return t.movePlan(ctx, c, args[0], r)
	}
	return printing(data(c))
}

// moment reads a date or a time; "" is the zero time.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %q is neither a date such as 2026-12-01 nor a time such as 2026-12-01T09:00:00Z", flag, text)
}

// moveOut is a move with what it changes, done or not.
type moveOut struct {
	Tenant  string        `json:"tenant"`
	From    string        `json:"from"`
	To      string        `json:"to"`
	At      *time.Time    `json:"at,omitempty"`
	Done    bool          `json:"done"`
	Gained  []string      `json:"gained_features"`
	Lost    []string      `json:"lost_features"`
	Numbers []numberShift `json:"numbers"`
	Meters  []saleShift   `json:"meters"`
	Limits  []limitShift  `json:"limits"`
	Roles   []roleShift   `json:"roles"`
}

type numberShift struct {
	Feature string          `json:"feature"`
	From    *billing.Number `json:"from"`
	To      *billing.Number `json:"to"`
}

// roleShift has the number of active members who have the role, and so gain and lose it.
type roleShift struct {
	Role    rbac.Role         `json:"role"`
	Gained  []rbac.Permission `json:"gained"`
	Lost    []rbac.Permission `json:"lost"`
	Members int64             `json:"members"`
}

func (t *target) movePlan(ctx context.Context, c *cobra.Command, slug string, r planRequest) error {
	held, err := t.catalog(ctx)
	if err != nil {
		return err
	}
	out := moveOut{Tenant: slug, Done: !r.dryRun}
	err = t.within(ctx, slug, func(tx *db.TenantTx) error {
		to, err := tenants.FindPlan(ctx, tx, r.to)
		if err != nil {
			return err
		}
		before, err := tenants.Entitled(ctx, tx)
		if err != nil {
			return err
		}
		at := tx.Now
		if !r.at.IsZero() {
			if at, out.At = r.at, &r.at; !at.After(tx.Now) {
				return errors.New("--at has passed")
			}
		}
		after := before
		after.Pin, after.Move = to, nil
		out.From, out.To = before.Bought(at).String(), to.String()
		if err := out.fill(ctx, tx, held.Shift(&before, &after, at)); err != nil || r.dryRun {
			return err
		}
		if r.at.IsZero() {
			_, err = tenants.MovePlan(ctx, tx, to)
			return err
		}
		_, err = tenants.SchedulePlan(ctx, tx, to, r.at)
		return err
	})
	if err != nil {
		return err
	}
	return show(c, out, func() error { return say(c, "%s", out) })
}

func (o *moveOut) fill(ctx context.Context, tx *db.TenantTx, s catalog.Shift) error {
	var counts []struct {
		Role rbac.Role
		N    int64
	}
	err := tx.DB.WithContext(ctx).Raw("SELECT role, count(*) AS n FROM memberships WHERE tenant_id = ? AND status = 'active' GROUP BY role", tx.Tenant).
		Scan(&counts).Error
	if err != nil {
		return fmt.Errorf("count the members: %w", err)
	}
	members := map[rbac.Role]int64{}
	for _, row := range counts {
		members[row.Role] = row.N
	}
	o.Gained, o.Lost, o.Numbers, o.Limits, o.Roles = texts(s.Gained), texts(s.Lost), []numberShift{}, limitShifts(s.Limits), []roleShift{}
	o.Meters = []saleShift{}
	for _, n := range s.Numbers {
		o.Numbers = append(o.Numbers, numberShift{string(n.Feature), n.From, n.To})
	}
	for _, m := range s.Meters {
		o.Meters = append(o.Meters, saleShiftOf(m))
	}
	for _, r := range s.Roles {
		o.Roles = append(o.Roles, roleShift{r.Role, listed(r.Gained), listed(r.Lost), members[r.Role]})
	}
	return nil
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// String says the move in lines.
func (o moveOut) String() string {
	var b strings.Builder
	verb := "moves"
	if !o.Done {
		verb = "would move"
	}
	fmt.Fprintf(&b, "%s %s from %s to %s", o.Tenant, verb, o.From, o.To)
	if o.At != nil {
		fmt.Fprintf(&b, " on %s", o.At.Format(time.RFC3339))
	}
	if len(o.Gained)+len(o.Lost) > 0 {
		fmt.Fprintf(&b, "\nfeatures  %s", signed(o.Gained, o.Lost))
	}
	for _, n := range o.Numbers {
		fmt.Fprintf(&b, "\nnumber    %s %s > %s", n.Feature, amount(n.From), amount(n.To))
	}
	for _, m := range o.Meters {
		fmt.Fprintf(&b, "\nmeter     %s %s > %s", m.Feature, m.From, m.To)
	}
	for _, l := range o.Limits {
		fmt.Fprintf(&b, "\nlimit     %s %s > %s", l.signed(), l.From, l.To)
	}
	for _, r := range o.Roles {
		fmt.Fprintf(&b, "\n%-9s %s (members: %d)", r.Role, signed(r.Gained, r.Lost), r.Members)
	}
	if len(o.Gained)+len(o.Lost)+len(o.Numbers)+len(o.Meters)+len(o.Limits)+len(o.Roles) == 0 {
		b.WriteString("\nnothing is gained or lost")
	}
	return b.String()
}

func amount(n *billing.Number) string {
	if n == nil {
		return "none"
	}
	return n.String()
}

func (t *target) cancelPlan(ctx context.Context, c *cobra.Command, slug string) error {
	var m tenants.PlanMove
	err := t.within(ctx, slug, func(tx *db.TenantTx) (err error) {
		m, err = tenants.CancelPlan(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return show(c, planMoveOf(m), func() error {
		return say(c, "%s does not move to %s on %s", slug, m.Pin(), m.MovesAt.Format(time.RFC3339))
	})
}
