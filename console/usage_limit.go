package console

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/console/plot"
)

// limit is the line of the plan's limit, where the span or its steps are a period of it: of the period that runs with what was granted, as it is
// now, and of one that is over as it was in the end.
func (r usageReader) limit(span usageSpan, now billing.Number) (plot.Limit, error) {
	limit, whole := r.sold.Number, false
	if r.sold.Aggregation.Adds() {
		switch {
		case span.is(r.running()):
			limit, whole = now, true
		case span.past(r.sold, r.tx.Now):
			was, known, err := quota.Was(r.ctx, r.tx, billing.Feature(r.sold.Name), &quota.Terms{Meter: r.sold.Meter, Anchor: r.sold.Anchor}, span.from)
			if err != nil || !known {
				return plot.Limit{}, err
			}
			limit, whole = was, true
		}
	}
	if limit.Unlimited || !limit.Any() {
		return plot.Limit{}, nil
	}
	_, each := periodWords(r.sold.Period)
	switch text := "Limit " + r.sold.amount(limit.Value); {
	case r.sold.Aggregation == billing.Max:
		return plot.Limit{Number: limit.Value, Text: text + " at a time", Each: true}, nil
	case r.sold.Period == billing.Day && span.step == usage.Day:
		return plot.Limit{Number: limit.Value, Text: text + " " + each, Each: true}, nil
	case whole:
		return plot.Limit{Number: limit.Value, Text: text}, nil
	default:
		return plot.Limit{}, nil
	}
}
