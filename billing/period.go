package billing

import "time"

// Period is after how long what was used of a metered feature counts no more.
type Period string

// The periods. Days, months and years are those of the calendar in UTC; a billing period is a month that begins with the tenant's billing.
const (
	Day     Period = "day"
	Month   Period = "month"
	Billing Period = "billing"
	Year    Period = "year"
)

// Periods returns all periods, shortest first.
func Periods() []Period { return []Period{Day, Month, Billing, Year} }

// ParsePeriod returns the period of exactly this name.
func ParsePeriod(name string) (Period, error) { return ParseOneOf("period", name, Periods()) }

// Bounds returns when the period that holds a moment began and when the next one begins. A billing period begins on the day and at the hour of
// anchor, on the last day of a month that is too short for it; a zero anchor is the first of the month.
func (p Period) Bounds(at, anchor time.Time) (start, end time.Time) {
	at = at.UTC()
	y, m, d := at.Date()
	switch p {
	case Day:
		start = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		return start, start.AddDate(0, 0, 1)
	case Year:
		start = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
		return start, start.AddDate(1, 0, 0)
	case Billing:
		if !anchor.IsZero() {
			return billed(at, anchor.UTC())
		}
	case Month:
	}
	start = time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	return start, start.AddDate(0, 1, 0)
}

func billed(at, anchor time.Time) (start, end time.Time) {
	y, m, _ := at.Date()
	if start = billedIn(y, m, anchor); start.After(at) {
		return billedIn(y, m-1, anchor), start
	}
	return start, billedIn(y, m+1, anchor)
}

// billedIn is when the billing period of a month begins.
func billedIn(y int, m time.Month, anchor time.Time) time.Time {
	last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(y, m, min(anchor.Day(), last), anchor.Hour(), 0, 0, 0, time.UTC)
}
