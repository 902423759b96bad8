package usage

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Step is how long each row of a report is.
type Step string

// The steps, all in UTC. Whole is one row for the whole range.
const (
	Whole Step = ""
	Hour  Step = "hour"
	Day   Step = "day"
	Month Step = "month"
)

// Steps returns all steps that have a name.
func Steps() []Step { return []Step{Hour, Day, Month} }

// Dimension is by what a report is parted.
type Dimension string

// The dimensions. Subject is of meters of unique things alone. Group is of the directory, as the member's provider said at their last sign-in:
// who is in two groups counts in both, so that groups may come to more than the whole, and who is in none, as every machine, counts in ”.
const (
	ByUser     Dimension = "user"
	ByAPIKey   Dimension = "api_key"
	ByFeature  Dimension = "feature"
	ByModel    Dimension = "model"
	ByRoute    Dimension = "route"
	ByRole     Dimension = "role"
	ByCurrency Dimension = "currency"
	BySubject  Dimension = "subject"
	ByGroup    Dimension = "directory_group"
)

// Dimensions returns all dimensions.
func Dimensions() []Dimension {
	return []Dimension{ByUser, ByAPIKey, ByFeature, ByModel, ByRoute, ByRole, ByCurrency, BySubject, ByGroup}
}

// Query asks for the usage of one meter.
type Query struct {
	Meter       string
	Aggregation billing.Aggregation
	// From is where the range begins, and To where it ends, which is not a part of it. They are widened to full hours if Step is Hour, else
	// to whole days.
	From, To time.Time
	Step     Step
	// Hours has the range widened to full hours whatever the step is: for as long as those are kept.
	Hours   bool
	GroupBy []Dimension
	Top     int // only the groups with the largest values in the whole range; 0 means all
}

// mostRows is how many rows a report may have.
const mostRows = 10_000

// Range is that of the answer: From and To on the grain of the sums that it is made of.
func (q Query) Range() (from, to time.Time) {
	grain := dayLength
	if q.byHour() {
		grain = time.Hour
	}
	from, to = q.From.UTC().Truncate(grain), q.To.UTC().Truncate(grain)
	if to.Before(q.To) {
		to = to.Add(grain)
	}
	return from, to
}

// byHour says that the answer is made of the sums of hours.
func (q Query) byHour() bool { return q.Step == Hour || q.Hours }

func (q Query) check(now time.Time) error {
	from, to := q.Range()
	switch {
	case q.Meter == "" || len(q.Meter) > longestText:
		return errs.InvalidField("meter", "Name a meter of the catalog.")
	case !slices.Contains(billing.Aggregations(), q.Aggregation):
		return fmt.Errorf("no aggregation %q", q.Aggregation)
	case q.Step != Whole && !slices.Contains(Steps(), q.Step):
		return errs.InvalidField("step", "The steps are hour, day and month.")
	case !from.Before(to):
		return errs.InvalidField("to", "The range ends before it begins.")
	case q.byHour() && from.Before(now.AddDate(0, 0, -keepHours)):
		return errs.InvalidField("from", "Usage by the hour is kept for 90 days. Ask by day.")
	case q.Top < 0 || q.Top > mostRows:
		return errs.InvalidField("top", "At most 10,000 groups.")
	}
	seen := map[Dimension]bool{}
	for _, d := range q.GroupBy {
		if seen[d] || !slices.Contains(Dimensions(), d) {
			return errs.InvalidField("group_by", fmt.Sprintf("The groups are some of %v, each once.", Dimensions()))
		}
		seen[d] = true
	}
	return nil
}
