package console

import (
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// usageSpan is a range of time with its steps, in UTC.
type usageSpan struct {
	title    string // November 2026
	from, to time.Time
	step     usage.Step
	hours    bool // it need not begin with a day
}

const (
	dayForm     = "2006-01-02"
	dayText     = "2 Jan 2006"
	hourText    = "15:04"
	dayHourText = dayText + ", " + hourText
	hourDays    = 89 // for how many days before today the page offers hours; they are kept for 90
)

// spansOf are the spans of a meter to choose from. A day that was asked for by its date is one of them.
func spansOf(asked string, sold soldMeter, now time.Time) ([]option, error) {
	list := []option{
		{Value: "month", Label: "This month"},
		{Value: "last-month", Label: "Last month"},
		{Value: "7-days", Label: "The last 7 days"},
		{Value: "30-days", Label: "The last 30 days"},
		{Value: "today", Label: "Today by hour"},
	}
	switch sold.Period {
	case billing.Year:
		list = append(list, option{Value: "year", Label: "This year"})
	case billing.Billing:
		if !sold.Anchor.IsZero() { // otherwise it is the month
			list = slices.Insert(list, 0, option{Value: "billing", Label: "This billing period"}, option{Value: "last-billing", Label: "Last billing period"})
		}
	case billing.Day, billing.Month:
	}
	if day, err := time.Parse(dayForm, asked); err == nil {
		if today := midnight(now); day.After(today) || day.Before(today.AddDate(0, 0, -hourDays)) {
			return nil, errs.NotFound("page")
		}
		list = append(list, option{Value: asked, Label: day.Format(dayText) + " by hour"})
	}
	return chosen(list, asked), nil
}

func spanOf(name string, sold soldMeter, now time.Time) usageSpan {
	today := midnight(now)
	tomorrow := today.AddDate(0, 0, 1)
	month := today.AddDate(0, 0, 1-today.Day())
	switch name {
	case "billing", "last-billing":
		from, to := billing.Billing.Bounds(now, sold.Anchor)
		if name == "last-billing" {
			from, to = billing.Billing.Bounds(from.Add(-1), sold.Anchor)
		}
		return usageSpan{from.Format(dayHourText) + " to " + to.Format(dayHourText), from, to, usage.Day, true}
	case "last-month":
		from := month.AddDate(0, -1, 0)
		return usageSpan{from.Format("January 2006"), from, month, usage.Day, false}
	case "7-days":
		return usageSpan{"The last 7 days", today.AddDate(0, 0, -6), tomorrow, usage.Day, false}
	case "30-days":
		return usageSpan{"The last 30 days", today.AddDate(0, 0, -29), tomorrow, usage.Day, false}
	case "today":
		return usageSpan{today.Format(dayText), today, tomorrow, usage.Hour, false}
	case "year":
		from, to := billing.Year.Bounds(now, time.Time{})
		return usageSpan{from.Format("2006"), from, to, usage.Month, false}
	}
	if day, err := time.Parse(dayForm, name); err == nil {
		return usageSpan{day.Format(dayText), day, day.AddDate(0, 0, 1), usage.Hour, false}
	}
	return usageSpan{month.Format("January 2006"), month, month.AddDate(0, 1, 0), usage.Day, false}
}

// is reports whether the span is the range between two moments.
func (s usageSpan) is(from, to time.Time) bool { return s.from.Equal(from) && s.to.Equal(to) }

// past reports whether the span is a period of the meter that is over.
func (s usageSpan) past(sold soldMeter, now time.Time) bool {
	return !s.to.After(now) && s.is(sold.Period.Bounds(s.from, sold.Anchor))
}

func midnight(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// first is when the first step begins.
func (s usageSpan) first() time.Time {
	if s.step == usage.Day {
		return midnight(s.from)
	}
	return s.from
}

// after is when the next step begins.
func (s usageSpan) after(t time.Time) time.Time {
	switch s.step {
	case usage.Hour:
		return t.Add(time.Hour)
	case usage.Month:
		return t.AddDate(0, 1, 0)
	case usage.Day, usage.Whole:
	}
	return t.AddDate(0, 0, 1)
}

// words name a step: what each is called, in full, and in the little room below an axis.
func (s usageSpan) words(t time.Time) (full, short string) {
	switch s.step {
	case usage.Hour:
		return t.Format(hourText + ", " + dayText), t.Format(hourText)
	case usage.Month:
		return t.Format("January 2006"), t.Format("Jan")
	case usage.Day, usage.Whole:
	}
	return t.Format(dayText), t.Format("2 Jan")
}

// stepName is what a step is called in a heading.
func (s usageSpan) stepName() string {
	switch s.step {
	case usage.Hour:
		return "Hour"
	case usage.Month:
		return "Month"
	case usage.Day, usage.Whole:
	}
	return "Day"
}
