package console

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/console/plot"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// usageGroup is who or what used most: a plot with its table.
type usageGroup struct {
	ID, Heading, Column string
	Plot                template.HTML
	Rows                []usageShare
	Shares, Costs       bool
	CSV                 string
}

// usageShare is one row of a group.
type usageShare struct {
	Name, Value, Share, Events, Cost string
	Shares, Costs                    bool // as of the group
}

// shownGroups is how many rows a plot has at most, without that of all others.
const shownGroups = 10

// partings are by what the page parts usage.
func partings() []struct {
	id, heading, column, none string
	by                        []usage.Dimension
} {
	return []struct {
		id, heading, column, none string
		by                        []usage.Dimension
	}{
		{"user", "By person", "Person or API key", "The product itself", []usage.Dimension{usage.ByUser, usage.ByAPIKey}},
		{"feature", "By feature", "Feature", "No feature", []usage.Dimension{usage.ByFeature}},
		{"model", "By model", "Model", "No model", []usage.Dimension{usage.ByModel}},
	}
}

func (r usageReader) groups(span usageSpan, whole usage.Row, csv string) (list []usageGroup, err error) {
	for _, part := range partings() {
		rows, err := r.report(span, usage.Whole, shownGroups+1, part.by...)
		if err != nil {
			return nil, err
		}
		if part.id == "model" && len(rows) == 1 && rows[0].Model == "" {
			continue // most meters have none
		}
		g := usageGroup{ID: part.id, Heading: part.heading, Column: part.column, Shares: r.sold.Aggregation.Adds(), CSV: csv + "&by=" + part.id}
		shown := rows[:min(len(rows), shownGroups)]
		ranking := plot.Ranking{ID: "by-" + part.id, Title: r.sold.Title + " " + strings.ToLower(part.heading) + ", " + span.title}
		rest := whole
		for _, row := range shown {
			name, err := r.nameOf(row, part.none)
			if err != nil {
				return nil, err
			}
			rest.Value, rest.Events, rest.Cost = max(0, rest.Value-row.Value), max(0, rest.Events-row.Events), max(0, rest.Cost-row.Cost)
			r.add(&g, &ranking, name, row, whole)
		}
		if len(rows) > len(shown) && g.Shares {
			r.add(&g, &ranking, "All others", rest, whole)
			ranking.Rows[len(ranking.Rows)-1].Rest = true
		}
		if len(shown) > 0 {
			ranking.Text = fmt.Sprintf("The most: %s, %s. The same is in the table.", g.Rows[0].Name, ranking.Rows[0].Text)
			g.Plot = ranking.Draw()
			for i := range g.Rows {
				g.Rows[i].Shares, g.Rows[i].Costs = g.Shares, g.Costs
			}
			list = append(list, g)
		}
	}
	return list, nil
}

func (r usageReader) add(g *usageGroup, to *plot.Ranking, name string, row, whole usage.Row) {
	one := usageShare{Name: name, Value: plot.Number(row.Value), Share: share(row.Value, whole.Value), Events: plot.Number(row.Events), Cost: cost(row)}
	text := r.sold.amount(row.Value)
	if one.Cost != "" {
		g.Costs = true
		text += " · " + one.Cost
	}
	g.Rows = append(g.Rows, one)
	to.Rows = append(to.Rows, plot.Rank{Name: name, Value: row.Value, Text: text})
}

// nameOf is what a page calls a group. Who may not know names sees what the API would tell them.
func (r usageReader) nameOf(row usage.Row, none string) (string, error) {
	switch {
	case !row.UserID.IsZero():
		if !r.names {
			return row.UserID.String(), nil
		}
		m, err := tenants.MemberByUser(r.ctx, r.tx, row.UserID)
		if err != nil && errs.As(err).Kind == errs.Missing {
			return "A former member", nil
		}
		return or(m.Name, m.Email), err
	case !row.KeyID.IsZero():
		if !r.keys {
			return row.KeyID.String(), nil
		}
		k, err := tenants.Keys{}.Find(r.ctx, r.tx, row.KeyID)
		if err != nil && errs.As(err).Kind == errs.Missing {
			return "A former API key", nil
		}
		return "API key " + k.Name, err
	default:
		return or(or(row.Feature, row.Model), none), nil
	}
}
