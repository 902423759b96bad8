package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

func usageCSV(c *cobra.Command, q usage.Query, answers []usageAnswer) error {
	out := usage.NewCSV(c.OutOrStdout())
	if err := out.Write(q.Columns()); err != nil {
		return err
	}
	for _, a := range answers {
		for _, r := range a.rows {
			if err := out.Write(a.query.Cells(r)); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// usageTable leaves out the columns of tokens and cost that nothing was counted in.
func usageTable(c *cobra.Command, q usage.Query, answers []usageAnswer) error {
	heading := q.Columns()
	used := make([]bool, len(heading))
	var rows [][]string
	for _, a := range answers {
		for _, r := range a.rows {
			cells := a.query.Cells(r)
			for i, cell := range cells {
				used[i] = used[i] || cell != "0" && cell != ""
				cells[i] = plain(cell)
			}
			cells[len(cells)-2] = money(r.Cost, "")
			rows = append(rows, cells)
		}
	}
	always := slices.Index(heading, "events")
	kept := func(cells []string) (out []string) {
		for i, cell := range cells {
			if i <= always || used[i] {
				out = append(out, cell)
			}
		}
		return out
	}
	for i := range rows {
		rows[i] = kept(rows[i])
	}
	heading = kept(heading)
	for i, name := range heading {
		heading[i] = strings.ToUpper(name)
	}
	return table(c, heading, rows)
}

type usageReportLine struct {
	Meter       string              `json:"meter"`
	Unit        string              `json:"unit,omitempty"`
	Aggregation billing.Aggregation `json:"aggregation"`
	From        time.Time           `json:"from"`
	To          time.Time           `json:"to"`
	Rows        []usageRowLine      `json:"rows"`
}

type usageRowLine struct {
	StartsAt     *time.Time `json:"starts_at,omitempty"`
	User         string     `json:"user,omitempty"`
	APIKey       string     `json:"api_key,omitempty"`
	Feature      string     `json:"feature,omitempty"`
	Model        string     `json:"model,omitempty"`
	Route        string     `json:"route,omitempty"`
	Role         string     `json:"role,omitempty"`
	Subject      string     `json:"subject,omitempty"`
	Group        string     `json:"directory_group,omitempty"`
	Value        int64      `json:"value"`
	Events       int64      `json:"events"`
	InputTokens  int64      `json:"input_tokens,omitempty"`
	OutputTokens int64      `json:"output_tokens,omitempty"`
	CachedTokens int64      `json:"cached_tokens,omitempty"`
	Cost         int64      `json:"cost,omitempty"` // in billionths
	Currency     string     `json:"currency,omitempty"`
}

func usageJSON(c *cobra.Command, answers []usageAnswer) error {
	lines := make([]usageReportLine, 0, len(answers))
	for _, a := range answers {
		line := usageReportLine{Meter: a.query.Meter, Unit: a.meter.Unit, Aggregation: a.meter.Aggregation, Rows: []usageRowLine{}}
		line.From, line.To = a.query.Range()
		for _, r := range a.rows {
			row := usageRowLine{
				nil, r.UserID.String(), r.KeyID.String(), r.Feature, r.Model, r.Route, r.Role, r.Subject, r.Group, r.Value, r.Events, r.InputTokens,
				r.OutputTokens, r.CachedTokens, r.Cost, r.Currency,
			}
			if !r.StartsAt.IsZero() {
				at := r.StartsAt.UTC()
				row.StartsAt = &at
			}
			line.Rows = append(line.Rows, row)
		}
		lines = append(lines, line)
	}
	enc := json.NewEncoder(c.OutOrStdout())
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(lines); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
