package console

import (
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// usageBudget is what the plan includes of a meter in the period that runs, and what is left of it.
type usageBudget struct {
	Title    string // this month
	Used     string
	Limit    string // "" if there is no end to it
	Left     string
	Soft     bool // what is above it passes
	Percent  int  // of the limit, at most 100
	Kind     string
	Resets   moment
	Included bool
	Largest  bool // the limit is of each call
}

// periodWords name the period that runs, and one of its kind.
func periodWords(p billing.Period) (running, each string) {
	switch p {
	case billing.Day:
		return "today", "a day"
	case billing.Billing:
		return "this billing period", "a billing period"
	case billing.Year:
		return "this year", "a year"
	case billing.Month:
	}
	return "this month", "a month"
}

func (r usageReader) budget() (b usageBudget, err error) {
	from, to := r.sold.Period.Bounds(r.tx.Now, time.Time{})
	rows, err := usage.Report(r.ctx, r.tx, usage.Query{Meter: r.sold.Name, Aggregation: r.sold.Aggregation, From: from, To: r.tx.Now.Add(time.Nanosecond)})
	if err != nil {
		return b, err
	}
	var used int64
	if len(rows) > 0 {
		used = rows[0].Value
	}
	running, _ := periodWords(r.sold.Period)
	b = usageBudget{
		Title: running, Used: r.sold.amount(used), Soft: r.sold.Limit == billing.Soft, Resets: momentOf(to), Included: r.sold.Number.Any(),
		Largest: r.sold.Aggregation == billing.Max,
	}
	if limit := r.sold.Number; !limit.Unlimited {
		b.Limit, b.Left = r.sold.amount(limit.Value), r.sold.amount(max(0, limit.Value-used))
		b.Percent = percentOf(used, limit.Value)
	}
	switch {
	case b.Percent >= 100:
		b.Kind = bad
	case b.Percent >= 80:
		b.Kind = careful
	}
	return b, nil
}

// percentOf is how much of a limit is used: 100 only when all of it is.
func percentOf(used, limit int64) int {
	switch {
	case used >= limit:
		return 100
	case used <= 0:
		return 0
	default:
		return min(99, max(1, int(float64(used)/float64(limit)*100)))
	}
}
