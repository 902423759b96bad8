package usage

import "sync/atomic"

// counts is what became of events since the start, for metrics.
type counts struct{ accepted, duplicates, refused atomic.Int64 }

// Outcomes is how many events got each status since the start.
func (r *Recorder) Outcomes() map[string]int64 {
	return map[string]int64{
		string(Accepted): r.counts.accepted.Load(), string(Duplicate): r.counts.duplicates.Load(), string(Refused): r.counts.refused.Load(),
	}
}

// Waiting is how many events wait or are on their way.
func (r *Recorder) Waiting() int64 { return r.waiting.Load() }

// answer is what a caller gets, counted.
func (r *Recorder) answer(c *call) []Outcome {
	all := c.outcomes()
	var accepted, duplicates, refused int64
	for i := range all {
		switch all[i].Status {
		case Accepted:
			accepted++
		case Duplicate:
			duplicates++
		case Refused:
			refused++
		}
	}
	r.counts.accepted.Add(accepted)
	r.counts.duplicates.Add(duplicates)
	r.counts.refused.Add(refused)
	return all
}
