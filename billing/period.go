package billing

import (
	"fmt"
	"slices"
)

// Period is after how long what was used of a metered feature counts no more.
type Period string

// The periods, each one of the calendar in UTC.
const (
	Day   Period = "day"
	Month Period = "month"
	Year  Period = "year"
)

// Periods returns all periods, shortest first.
func Periods() []Period { return []Period{Day, Month, Year} }

// ParsePeriod returns the period of exactly this name.
func ParsePeriod(name string) (Period, error) {
	if p := Period(name); slices.Contains(Periods(), p) {
		return p, nil
	}
	return "", fmt.Errorf("unknown period %q: it is one of %v", name, Periods())
}
