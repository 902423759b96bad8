package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
)

// limitsOfPlan is how much traffic a plan is for. What has no limit is "unlimited".
type limitsOfPlan struct {
	Plan       billing.Plan  `json:"plan"`
	Version    int64         `json:"version,omitempty"` // 0 is the newest
	Concurrent string        `json:"concurrent"`
	Groups     []groupLimits `json:"groups"`
}

type groupLimits struct {
	Group    catalog.Group `json:"group"`
	Requests string        `json:"requests"`
	Each     string        `json:"each"`
}

func limitsOf(c *catalog.Catalog, pin billing.Pin) limitsOfPlan {
	rates := c.RatesOn(pin)
	l := limitsOfPlan{Plan: pin.Plan, Version: pin.Version, Concurrent: "unlimited"}
	if most, _ := rates.Concurrent(); most > 0 {
		l.Concurrent = strconv.Itoa(most)
	}
	for _, r := range rates.Groups() {
		l.Groups = append(l.Groups, groupLimits{r.Group, r.Tenant.String(), r.Caller.String()})
	}
	return l
}

// explainLimits answers `catalog explain --limits`.
func explainLimits(c *cobra.Command, held *catalog.Catalog, pin billing.Pin) error {
	if _, err := billing.ParsePlan(string(pin.Plan)); err != nil {
		return err
	}
	if pin.Version != 0 && !held.HasVersion(pin) {
		return fmt.Errorf("there is no version %s of the plan", pin)
	}
	l := limitsOf(held, pin)
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

// limitShift is a limit that becomes another.
type limitShift struct {
	Limit string `json:"limit"` // where it stands below the plan in a catalog
	From  string `json:"from"`
	To    string `json:"to"`
	Lost  bool   `json:"lost"`
}

func limitShifts(shifts []catalog.LimitShift) []limitShift {
	out := []limitShift{}
	for _, s := range shifts {
		out = append(out, limitShift(s))
	}
	return out
}

// signed is the limit with what becomes of it: "-groups.check.each".
func (l limitShift) signed() string {
	if l.Lost {
		return "-" + l.Limit
	}
	return "+" + l.Limit
}
