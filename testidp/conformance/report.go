package conformance

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Report is what a run found.
type Report struct {
	BaseURL   string    `json:"base_url"`
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`
	Seconds   float64   `json:"seconds"`
	Total     Line      `json:"total"`
	Matrix    []Line    `json:"matrix"`
	Skipped   []Skipped `json:"skipped"`
	Failures  []Result  `json:"failures"`
	Results   []Result  `json:"results"`
}

// Line counts what came of the attacks of an area.
type Line struct {
	Area Area `json:"area"`
	// Tried is everything; Attacks is what must be refused, and Refused how much of it was; Allowed is what was honest or harmless and
	// treated so.
	Tried   int `json:"tried"`
	Attacks int `json:"attacks"`
	Refused int `json:"refused"`
	Allowed int `json:"allowed"`
	Failed  int `json:"failed"`
}

// Skipped is a part that could not be played, and why.
type Skipped struct {
	Area Area   `json:"area"`
	Why  string `json:"why"`
}

func (l *Line) add(r Result) {
	l.Tried++
	if r.Expect == samlforge.Refuse {
		l.Attacks++
	}
	switch {
	case r.Verdict == Failed:
		l.Failed++
	case r.Expect == samlforge.Refuse:
		l.Refused++
	default:
		l.Allowed++
	}
}

// Fill makes the matrix and the list of failures of the results.
func (r *Report) Fill() {
	r.Total.Area, r.Failures = "All", []Result{}
	lines := map[Area]*Line{}
	for _, one := range r.Results {
		if lines[one.Area] == nil {
			lines[one.Area] = &Line{Area: one.Area}
		}
		lines[one.Area].add(one)
		r.Total.add(one)
		if one.Verdict == Failed {
			r.Failures = append(r.Failures, one)
		}
	}
	r.Matrix = []Line{}
	for _, area := range Areas() {
		if l := lines[area]; l != nil {
			r.Matrix = append(r.Matrix, *l)
		}
	}
	order := Areas()
	slices.SortStableFunc(r.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Area), slices.Index(order, b.Area)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Variant, b.Variant))
	})
}
