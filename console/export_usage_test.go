package console

import (
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/console/plot"
)

// usageSamples are the page of what was used.
func usageSamples(evil string) []Sample {
	meters := []option{{"ai.tokens", "Tokens", true}, {"exports", evil, false}}
	spans := []option{{"month", "This month", true}, {"7-days", "The last 7 days", false}, {"2026-03-02", "2 Mar 2026 by hour", false}}
	resets := momentOf(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	series := plot.Series{ID: "time", Title: "Tokens, March 2026", Text: "1,240 tokens in all.", Unit: "tokens", Step: "Each day", Sum: true, Limit: plot.Limit{Number: 1000, Text: "Limit 1,000 tokens"}}
	page := usagePage{
		Tenant: "Acme Robotics", Meters: meters, Spans: spans, Title: "Tokens", Span: "March 2026", Used: true, Step: "Day", Sums: true, Costs: true,
		Budget: usageBudget{Title: "this month", Used: "1,240 tokens", Limit: "1,000 tokens", Left: "0 tokens", Soft: true, Percent: 100, Over: true, Kind: bad, Resets: resets, Included: true},
		Own: []usageOwn{
			{evil, "Quantity a day", "50 tokens", "50 tokens", "0 tokens", badge{"Used up", bad}, resets},
			{"Everybody together", "Cost a month", "4.10 USD", "5.00 USD", "0.90 USD", badge{"Nearly used up", careful}, resets},
		},
		Figures: []usageFigure{{"Used", "1,240", "tokens"}, {"Events", "31", ""}, {"Tokens in and out", "1,000 / 240", "12 cached"}, {"Cost", "12.40", "USD"}},
		CSV:     "?meter=ai.tokens&span=month", Hours: "?meter=ai.tokens&span=",
	}
	for i := range 31 {
		day := time.Date(2026, 3, i+1, 0, 0, 0, 0, time.UTC)
		n := int64(i * 13 % 80)
		series.Points = append(series.Points, plot.Point{Name: day.Format(dayText), Tick: day.Format("2 Jan"), Value: n, Ahead: i > 20})
		page.Steps = append(page.Steps, usageStep{day.Format(dayText), fmt.Sprint(n), "1,240", "1", "0.0013 USD", day.Format(dayForm)})
	}
	page.Wide, page.Narrow = series.Draw(plot.Wide), series.Draw(plot.Narrow)
	ranking := plot.Ranking{ID: "by-user", Title: "Tokens by person, March 2026", Text: "The most: Olivia Acme.", Rows: []plot.Rank{
		{Name: "Olivia Acme", Value: 900, Text: "900 tokens · 9.00 USD"}, {Name: evil, Value: 300, Text: "300 tokens"}, {Name: "All others", Value: 40, Text: "40 tokens", Rest: true},
	}}
	people := usageGroup{ID: "user", Heading: "By person", Column: "Person or API key", Plot: ranking.Draw(), Shares: true, Costs: true, CSV: page.CSV + "&by=user", Rows: []usageShare{
		{"Olivia Acme", "900", "73%", "20", "9.00 USD", true, true}, {evil, "300", "24%", "9", "", true, true}, {"All others", "40", "3%", "2", "", true, true},
	}}
	ranking.ID = "by-feature"
	page.Groups = []usageGroup{people, {ID: "feature", Heading: "By feature", Column: "Feature", Plot: ranking.Draw(), CSV: page.CSV + "&by=feature", Rows: []usageShare{{evil, "900", "", "20", "", false, false}}}}
	return []Sample{
		{"usage", page},
		{"usage-empty", usagePage{
			Tenant: evil, Meters: meters, Spans: spans, Title: evil, Span: "March 2026",
			Budget: usageBudget{Title: "today", Used: "0", Resets: resets, Included: true},
		}},
		{"usage-largest", usagePage{
			Tenant: "Acme Robotics", Meters: meters, Spans: spans, Title: "Size of a file", Span: "March 2026",
			Budget: usageBudget{Title: "this month", Used: "8 MB", Limit: "10 MB", Percent: 80, Kind: careful, Resets: resets, Largest: true},
		}},
		{"usage-none", usagePage{Tenant: "Acme Robotics"}},
	}
}

// Money writes an amount as pages do.
func Money(billionths int64, currency string) string { return money(billionths, currency) }
