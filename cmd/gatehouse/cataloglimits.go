package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

// limitsOfPlan is how much traffic a plan is for. What has no limit is "unlimited".
type limitsOfPlan struct {
	Plan       billing.Plan  `json:"plan"`
	Concurrent string        `json:"concurrent"`
	Groups     []groupLimits `json:"groups"`
}

type groupLimits struct {
	Group    catalog.Group `json:"group"`
	Requests string        `json:"requests"`
	Each     string        `json:"each"`
}

func limitsOf(c *catalog.Catalog, plan billing.Plan) limitsOfPlan {
	rates := c.Rates(plan)
	l := limitsOfPlan{Plan: plan, Concurrent: "unlimited"}
	if most, _ := rates.Concurrent(); most > 0 {
		l.Concurrent = strconv.Itoa(most)
	}
	for _, r := range rates.Groups() {
		l.Groups = append(l.Groups, groupLimits{r.Group, r.Tenant.String(), r.Caller.String()})
	}
	return l
}

// explainLimits answers `catalog explain --limits`.
func explainLimits(c *cobra.Command, held *catalog.Catalog, name string) error {
	plan, err := billing.ParsePlan(name)
	if err != nil {
		return err
	}
	l := limitsOf(held, plan)
	return show(c, l, func() error {
		var rows [][]string
		for _, g := range l.Groups {
			rows = append(rows, []string{string(g.Group), g.Requests, g.Each})
		}
		if err := table(c, []string{"GROUP", "REQUESTS", "EACH"}, rows); err != nil {
			return err
		}
		return say(c, "concurrent: %s", l.Concurrent)
	})
}
