package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// errRefused ends the program with 1 and without a word: the answer was printed.
var errRefused = errors.New("refused")

// checked is a decision about a member, and the role and plan that it was made for.
type checked struct {
	access.Decision
	Member string `json:"membership_id"`
	Role   string `json:"role,omitempty"`
	Plan   string `json:"plan,omitempty"`

	Quota *metered.State `json:"quota,omitempty"`
}

func checkCommand() *cobra.Command {
	var as, slug, feature string
	var use metered.Use
	c := &cobra.Command{
		Use:   "check --as USER --tenant SLUG [PERMISSION] [--meter METER --quantity N]",
		Short: "Ask whether a member may do something; ends with 0 if so and with 1 if not",
		Long: "Asks as a product would, from the database as it is now. The sign-in policy is not asked: it is about a session, and there is none.\n" +
			"With --meter it also says whether the member's budgets have that much, and how much was used. It reserves nothing, and counts nothing.\n" +
			"A failure ends with 1 too, and says on the standard error what it is.",
		Example: "  gatehouse check --as ada@acme.example --tenant acme reports:export\n" +
			"  gatehouse check --as usr_… --tenant acme agents:run --feature ai.agents\n" +
			"  gatehouse check --as ada@acme.example --tenant acme chat:use --meter ai.tokens --quantity 4000",
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 1 || len(args) == 0 && feature == "" && use.Meter == "":
				return fmt.Errorf("want a permission, --feature, --meter or several: %s", c.UseLine())
			case use.Meter == "" && (c.Flags().Changed("quantity") || c.Flags().Changed("cost")):
				return errors.New("--quantity and --cost are of a --meter")
			case use.Quantity < 1:
				return errors.New("--quantity is at least 1")
			}
			return nil
		},
	}
	c.Flags().StringVar(&as, "as", "", "the member: an e-mail address, usr_… or mem_…")
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&feature, "feature", "", "a feature that the plan must include")
	c.Flags().StringVar((*string)(&use.Meter), "meter", "", "a meter of which the member's budgets must have enough")
	c.Flags().Int64Var(&use.Quantity, "quantity", 1, "how much of the meter")
	c.Flags().Int64Var(&use.Cost, "cost", 0, "what that costs, in billionths of the currency's unit (default: by the meter's price)")
	required(c, "as", "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		use.Permission = rbac.Permission(strings.Join(args, ""))
		answer, err := t.check(ctx, slug, as, billing.Feature(feature), use)
		if err != nil {
			return err
		}
		if err := show(c, answer, func() error { return say(c, "%s", answer) }); err != nil || answer.Allowed {
			return err
		}
		return errRefused
	}
	return printing(data(c))
}

func (t *target) check(ctx context.Context, slug, as string, feature billing.Feature, use metered.Use) (checked, error) {
	tenant, err := t.tenant(ctx, slug)
	if err != nil {
		return checked{}, err
	}
	store, err := access.New(access.Config{DB: t.db, Keys: t.keys()})
	if err != nil {
		return checked{}, err
	}
	if err := store.ReloadCatalog(ctx); err != nil {
		return checked{}, err
	}
	p, standing := t.subject(ctx, store, tenant.ID, as)
	if p == nil {
		return checked{}, fmt.Errorf("member %q: %w", as, standing)
	}
	if e := errs.As(standing); standing != nil && e.Kind != errs.Forbidden {
		return checked{}, standing
	}
	asked := use.Permission
	if asked == "" && feature == "" {
		asked = rbac.Self // a meter alone
	}
	answer := checked{store.Decide(p, standing, asked, feature), p.Membership.String(), p.Role, p.Plan, nil}
	if use.Meter != "" && answer.Allowed {
		err = t.checkMeter(ctx, store, p, use, &answer)
	}
	return answer, err
}

// subject finds a member by what the operator calls them.
func (t *target) subject(ctx context.Context, store *access.Store, tenant id.Tenant, as string) (*authn.Principal, error) {
	var member id.Membership
	var user id.User
	switch {
	case member.UnmarshalText([]byte(as)) == nil:
		return store.Member(ctx, tenant, member)
	case user.UnmarshalText([]byte(as)) == nil:
		return store.User(ctx, tenant, user)
	}
	address, err := tenants.ParseEmail(as)
	if err != nil {
		return nil, err
	}
	err = t.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, address.Address)
		member = m.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	return store.Member(ctx, tenant, member)
}

// String says the answer in one line, and what is left of a meter in another.
func (a checked) String() string {
	who := fmt.Sprintf("%s (%s on %s)", a.Member, a.Role, a.Plan)
	if a.Allowed {
		return "allowed: " + who + said(a.Quota)
	}
	line := "refused: " + who + ": " + a.Clause
	if a.NeedsRole != "" {
		line += "; needs the role " + a.NeedsRole
	}
	if a.NeedsPlan != "" {
		line += "; needs the plan " + a.NeedsPlan
	}
	return line + said(a.Quota)
}
