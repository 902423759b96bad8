package console

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/console/plot"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// usageReader reads what the page shows of one meter.
type usageReader struct {
	ctx   context.Context
	tx    *db.TenantTx
	sold  soldMeter
	names bool // the viewer may know members by their names
	keys  bool // likewise API keys

	budgets []quota.Standing // of the meter
}

// usageStep is one row of the table beside the plot.
type usageStep struct {
	Name, Value, SoFar, Events, Cost string
	Day                              string // whose hours the page can show; "" for none
}

func (r usageReader) read(page *usagePage, asked string) (err error) {
	if page.Spans, err = spansOf(asked, r.sold, r.tx.Now); err != nil {
		return err
	}
	span := spanOf(value(page.Spans), r.sold, r.tx.Now)
	page.Title, page.Span, page.Step, page.Sums = r.sold.Title, span.title, span.stepName(), r.sold.Aggregation.Adds()
	page.Hours = "?" + url.Values{"meter": {r.sold.Name}}.Encode() + "&span="
	page.CSV = page.Hours + url.QueryEscape(value(page.Spans))
	now, err := r.standing()
	if err != nil {
		return err
	}
	page.Budget = r.budget(now)
	if page.Own, err = r.own(); err != nil {
		return err
	}
	all, err := r.report(span, usage.Whole, 0, usage.ByCurrency)
	if err != nil {
		return err
	}
	whole, err := r.report(span, usage.Whole, 0)
	if err != nil || len(whole) == 0 {
		return err
	}
	page.Used, page.Figures = true, r.figures(whole[0], all)
	if err := r.steps(page, span, now.Limit); err != nil {
		return err
	}
	page.Groups, err = r.groups(span, whole[0], page.CSV)
	return err
}

func (r usageReader) query(span usageSpan, step usage.Step, by ...usage.Dimension) usage.Query {
	return usage.Query{Meter: r.sold.Name, Aggregation: r.sold.Aggregation, From: span.from, To: span.to, Step: step, Hours: span.hours, GroupBy: by}
}

func (r usageReader) report(span usageSpan, step usage.Step, top int, by ...usage.Dimension) ([]usage.Row, error) {
	q := r.query(span, step, by...)
	q.Top = top
	return usage.Report(r.ctx, r.tx, q)
}

// figures are what it comes to. Costs are one figure for each currency.
func (r usageReader) figures(whole usage.Row, byCurrency []usage.Row) []usageFigure {
	list := []usageFigure{{Name: "Used", Value: plot.Number(whole.Value), More: r.sold.unit()}}
	if r.sold.Aggregation != billing.Count {
		list = append(list, usageFigure{Name: "Events", Value: plot.Number(whole.Events)})
	}
	if whole.InputTokens+whole.OutputTokens > 0 {
		f := usageFigure{Name: "Tokens in and out", Value: plot.Number(whole.InputTokens) + " / " + plot.Number(whole.OutputTokens)}
		if whole.CachedTokens > 0 {
			f.More = plot.Number(whole.CachedTokens) + " cached"
		}
		list = append(list, f)
	}
	for _, row := range byCurrency {
		if row.Cost > 0 {
			list = append(list, usageFigure{Name: "Cost", Value: money(row.Cost, ""), More: row.Currency})
		}
	}
	return list
}

// steps draws what was used over time, and lists it.
func (r usageReader) steps(page *usagePage, span usageSpan, limit billing.Number) error {
	rows, err := r.report(span, span.step, 0)
	if err != nil {
		return err
	}
	line, err := r.limit(span, limit)
	if err != nil {
		return err
	}
	at := make(map[int64]usage.Row, len(rows))
	for _, row := range rows {
		at[row.StartsAt.Unix()] = row
	}
	s := plot.Series{ID: "time", Title: r.sold.Title + ", " + span.title, Unit: r.sold.unit(), Step: "Each " + strings.ToLower(span.stepName()), Sum: page.Sums, Limit: line}
	var sum int64
	var most usage.Row
	for t := span.first(); t.Before(span.to); t = span.after(t) {
		row := at[t.Unix()]
		full, short := span.words(t)
		s.Points = append(s.Points, plot.Point{Name: full, Tick: short, Value: row.Value, Ahead: t.After(r.tx.Now)})
		if t.After(r.tx.Now) {
			continue
		}
		sum = max(sum, sum+row.Value) // which stays where 64 bits end
		if row.Value > most.Value {
			most = row
		}
		page.Costs = page.Costs || row.Cost > 0
		page.Steps = append(page.Steps, usageStep{full, plot.Number(row.Value), plot.Number(sum), plot.Number(row.Events), cost(row), r.hoursOf(span, t)})
	}
	s.Text = r.describe(span, sum, most, s.Limit)
	page.Wide, page.Narrow = s.Draw(plot.Wide), s.Draw(plot.Narrow)
	return nil
}

// hoursOf is the day whose hours can be looked at.
func (r usageReader) hoursOf(span usageSpan, t time.Time) string {
	if span.step != usage.Day || t.Before(midnight(r.tx.Now).AddDate(0, 0, -hourDays)) {
		return ""
	}
	return t.Format(dayForm)
}

// describe says what the plot shows to who cannot see it.
func (r usageReader) describe(span usageSpan, sum int64, most usage.Row, limit plot.Limit) string {
	var said []string
	if r.sold.Aggregation.Adds() {
		said = append(said, r.sold.amount(sum)+" in all.")
	}
	if most.Value > 0 {
		full, _ := span.words(most.StartsAt.UTC())
		said = append(said, fmt.Sprintf("The most in one %s: %s, %s.", strings.ToLower(span.stepName()), r.sold.amount(most.Value), full))
	}
	if limit.Text != "" {
		said = append(said, limit.Text+".")
	}
	return strings.Join(append(said, "The same is in the table."), " ")
}

// cost is empty where there is none, and where there are several currencies.
func cost(row usage.Row) string {
	if row.Cost == 0 {
		return ""
	}
	return money(row.Cost, row.Currency)
}
