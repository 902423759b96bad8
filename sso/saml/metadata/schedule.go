package metadata

import "time"

// The bounds between refreshes. Providers announce a change days ahead, and an hour is often enough for one that is in a hurry.
const (
	refreshSoonest = time.Hour
	refreshLatest  = 24 * time.Hour
)

// NextRefresh says when metadata that was read now should be read again: after its cacheDuration, and before half of its validity is
// over, so that a provider who is away for a while is asked again in time; never sooner than in an hour or later than in a day.
func NextRefresh(now time.Time, e Entity) time.Time {
	wait := refreshLatest
	if e.CacheDuration > 0 {
		wait = min(wait, e.CacheDuration)
	}
	if !e.ValidUntil.IsZero() {
		wait = min(wait, e.ValidUntil.Sub(now)/2)
	}
	return now.Add(max(wait, refreshSoonest))
}
