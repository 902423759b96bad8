package api

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// maxBatch is how many questions one request may ask.
const maxBatch = 100

type batchIn struct {
	Checks     []checkIn `json:"checks" minItems:"1" maxItems:"100"`
	MinVersion string    `json:"min_version,omitzero" doc:"As in a single check; of all checks here, and of none of them alone"`
}

type batchOut struct {
	Decisions []access.Decision `json:"decisions" doc:"In the order of the checks"`
}

// checkBatch answers about the caller, as they were when the request was authenticated: all answers are of one moment.
func (a *API) checkBatch(ctx context.Context, in batchIn) (batchOut, error) {
	if n := len(in.Checks); n == 0 || n > maxBatch {
		return batchOut{}, errs.InvalidField("checks", fmt.Sprintf("has from 1 to %d questions", maxBatch))
	}
	for i, q := range in.Checks {
		if q.Meter != "" {
			return batchOut{}, errs.InvalidField(fmt.Sprintf("checks.%d.meter", i), "Ask of a meter alone: each such check takes something.")
		}
		if q.valid("") != nil {
			return batchOut{}, q.valid(fmt.Sprintf("checks.%d.", i))
		}
		if q.Explain {
			return batchOut{}, errs.InvalidField(fmt.Sprintf("checks.%d.explain", i), "Ask for one decision at a time.")
		}
		if q.MinVersion != "" {
			return batchOut{}, errs.InvalidField(fmt.Sprintf("checks.%d.min_version", i), "Give it once, beside the checks: all answers are of one moment.")
		}
	}
	p, standing, err := a.caller(ctx, in.MinVersion)
	if err != nil {
		return batchOut{}, err
	}
	out := batchOut{make([]access.Decision, len(in.Checks))}
	for i, q := range in.Checks {
		out.Decisions[i] = a.Access.Ask(p, standing, q.question(ctx))
	}
	return out, nil
}
