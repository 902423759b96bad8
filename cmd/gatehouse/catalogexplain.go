package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// explanation is a question with its answer.
type explanation struct {
	Role       rbac.Role       `json:"role"`
	Plan       billing.Plan    `json:"plan"`
	Version    int64           `json:"version,omitempty"` // 0 is the newest
	Permission rbac.Permission `json:"permission,omitempty"`
	Feature    billing.Feature `json:"feature,omitempty"`
	Allowed    bool            `json:"allowed"`
	Clause     rbac.Clause     `json:"clause,omitempty"`
	NeedsRole  rbac.Role       `json:"needs_role,omitempty"`
	NeedsPlan  billing.Plan    `json:"needs_plan,omitempty"`
	Details    *details        `json:"details,omitempty"`
}

func catalogExplain() *cobra.Command {
	var role, plan, feature, file string
	var limits, detailed bool
	var version int64
	c := &cobra.Command{
		Use:   "explain --role ROLE --plan PLAN [PERMISSION]",
		Short: "Say whether a role on a plan has a permission or a feature, why not, and what would allow it",
		Long:  "Answers from the catalog in force, or from a file with --catalog and then without a database. An answer is no failure, also a refusal.",
		Example: "  gatehouse catalog explain --role member --plan team reports:export\n" +
			"  gatehouse catalog explain --role owner --plan pro --feature sso --catalog catalog.yaml\n" +
			"  gatehouse catalog explain --plan pro --limits",
		Args: func(c *cobra.Command, args []string) error {
			if limits {
				return nothing(c, args)
			}
			if len(args) > 1 || len(args) == 0 && feature == "" {
				return fmt.Errorf("want a permission, --feature or both: %s", c.UseLine())
			}
			return nil
		},
	}
	c.Flags().StringVar(&role, "role", "", "the role that asks")
	c.Flags().StringVar(&plan, "plan", "", "the plan of the tenant: free, pro, team or enterprise")
	c.Flags().StringVar(&feature, "feature", "", "a feature that the plan must include")
	c.Flags().Int64Var(&version, "version", 0, "a version of the plan, of the catalog in force (default: the newest)")
	c.Flags().BoolVar(&detailed, "details", false, "also say what the names mean, and which versions of plans include the feature")
	c.Flags().StringVar(&file, "catalog", "", "answer from this file")
	c.Flags().BoolVar(&limits, "limits", false, "show instead how much traffic the plan is for")
	required(c, "plan")
	c.MarkFlagsOneRequired("role", "limits")
	c.MarkFlagsMutuallyExclusive("role", "limits")
	c.MarkFlagsMutuallyExclusive("feature", "limits")
	c.RunE = func(c *cobra.Command, args []string) error {
		q := explanation{Role: rbac.Role(role), Plan: billing.Plan(plan), Version: version, Feature: billing.Feature(feature)}
		if len(args) == 1 {
			q.Permission = rbac.Permission(args[0])
		}
		held, err := catalogOf(c, file)
		if err != nil {
			return err
		}
		if limits {
			return explainLimits(c, held, billing.Pin{Plan: q.Plan, Version: version})
		}
		v := held.DecideOn(billing.Pin{Plan: q.Plan, Version: version}, catalog.Question{Role: q.Role, Permission: q.Permission, Feature: q.Feature})
		q.Allowed, q.Clause, q.NeedsRole, q.NeedsPlan = v.Allowed, v.Clause, v.NeedsRole, v.NeedsPlan
		if detailed {
			q.Details = detailsOf(held, q)
		}
		return show(c, q, func() error { return say(c, "%s", q) })
	}
	c = printing(data(c))
	c.MarkFlagsMutuallyExclusive("catalog", "data")
	c.MarkFlagsMutuallyExclusive("catalog", "version")
	return c
}

// catalogOf reads the file, or the catalog in force if there is none.
func catalogOf(c *cobra.Command, file string) (*catalog.Catalog, error) {
	if file != "" {
		return parseCatalog(file)
	}
	ctx, t, err := open(c)
	if err != nil {
		return nil, err
	}
	defer t.db.Close()
	return t.catalog(ctx)
}

// String says the answer in one line, and the details below it.
func (e explanation) String() string {
	if e.Details != nil {
		details := e.Details
		e.Details = nil
		return e.String() + details.String()
	}
	if e.Allowed {
		return "allowed"
	}
	refused := "refused: " + string(e.Clause)
	switch {
	case e.NeedsRole != "" && e.NeedsPlan != "":
		return fmt.Sprintf("%s; the role %s on the plan %s would allow it", refused, e.NeedsRole, e.NeedsPlan)
	case e.NeedsRole != "":
		return fmt.Sprintf("%s; the role %s would allow it", refused, e.NeedsRole)
	case e.NeedsPlan != "":
		return fmt.Sprintf("%s; the plan %s would allow it", refused, e.NeedsPlan)
	}
	return refused
}
