package main

import (
	"fmt"
	"strings"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// details says what the names of a question mean.
type details struct {
	Permission *permissionDetails `json:"permission,omitempty"`
	Features   []featureDetails   `json:"features"` // that the permission needs, and that was asked for
}

type permissionDetails struct {
	Name        rbac.Permission `json:"name"`
	Title       string          `json:"title"`
	Group       string          `json:"group,omitempty"`
	Description string          `json:"description,omitempty"`
}

type featureDetails struct {
	Name        billing.Feature `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Period      billing.Period  `json:"period,omitempty"`
	Meter       *meterDetails   `json:"meter,omitempty"`
	Included    []includedBy    `json:"included_by"`
}

type meterDetails struct {
	Unit        string              `json:"unit,omitempty"`
	Aggregation billing.Aggregation `json:"aggregation"`
	Limit       billing.LimitKind   `json:"limit"`
	Cost        int64               `json:"cost,omitempty"`
	Currency    string              `json:"currency,omitempty"`
	Unavailable billing.Unavailable `json:"unavailable"`
	Cap         int64               `json:"cap,omitempty"`
}

func meterOf(m billing.Meter) *meterDetails {
	if m.Period == "" {
		return nil
	}
	return &meterDetails{m.Unit, m.Aggregation, m.Limit, m.Cost, m.Currency, m.Unavailable, m.Cap}
}

// String says a meter in one line.
func (m meterDetails) String() string {
	text := fmt.Sprintf("meter: %s", m.Aggregation)
	if m.Unit != "" {
		text += " of " + m.Unit
	}
	switch {
	case m.Cost > 0:
		text += fmt.Sprintf(", %d pico-%s each", m.Cost, m.Currency)
	case m.Currency != "":
		text += ", costs in " + m.Currency
	}
	text += fmt.Sprintf(", %s limit", m.Limit)
	if m.Cap > 0 {
		text += fmt.Sprintf(", %s up to %d an instance without the database", m.Unavailable, m.Cap)
	}
	return text
}

// includedBy is a version of a plan; of a file alone, which has no versions, a plan.
type includedBy struct {
	Plan   string          `json:"plan"`
	Number *billing.Number `json:"number,omitempty"`
}

func detailsOf(c *catalog.Catalog, q explanation) *details {
	d := &details{Features: []featureDetails{}}
	wanted := map[billing.Feature]bool{q.Feature: q.Feature != ""}
	for _, p := range c.Permissions() {
		if p.Name == q.Permission {
			d.Permission = &permissionDetails{p.Name, p.Title, p.Group, p.Description}
			wanted[p.Feature] = p.Feature != ""
		}
	}
	for _, f := range c.Features() {
		if wanted[f.Name] {
			d.Features = append(d.Features, featureDetails{f.Name, f.Title, f.Description, f.Meter.Period, meterOf(f.Meter), includers(c, f.Name)})
		}
	}
	return d
}

func includers(c *catalog.Catalog, f billing.Feature) []includedBy {
	list := []includedBy{}
	add := func(name string, terms billing.Terms) {
		if !terms.Includes(f) {
			return
		}
		by := includedBy{Plan: name}
		if n, counted := terms.Numbers[f]; counted {
			by.Number = &n
		}
		list = append(list, by)
	}
	versions := c.Versions()
	for _, v := range versions {
		add(v.String(), v.Terms)
	}
	for _, plan := range billing.Plans() {
		if len(versions) == 0 {
			add(string(plan), c.Terms(plan))
		}
	}
	return list
}

// String says the details in lines.
func (d details) String() string {
	var b strings.Builder
	if p := d.Permission; p != nil {
		fmt.Fprintf(&b, "\npermission  %s  %s", p.Name, p.Title)
		if p.Group != "" {
			fmt.Fprintf(&b, " (%s)", p.Group)
		}
		if p.Description != "" {
			fmt.Fprintf(&b, "\n            %s", p.Description)
		}
	}
	for _, f := range d.Features {
		fmt.Fprintf(&b, "\nfeature     %s  %s", f.Name, f.Title)
		if f.Period != "" {
			fmt.Fprintf(&b, ", per %s", f.Period)
		}
		if f.Description != "" {
			fmt.Fprintf(&b, "\n            %s", f.Description)
		}
		if f.Meter != nil {
			fmt.Fprintf(&b, "\n            %s", f.Meter)
		}
		var plans []string
		for _, by := range f.Included {
			plan := by.Plan
			if by.Number != nil {
				plan += " " + by.Number.String()
			}
			plans = append(plans, plan)
		}
		fmt.Fprintf(&b, "\n            included by %s", strings.Join(plans, ", "))
	}
	return b.String()
}
