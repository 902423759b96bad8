package ratelimit

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

// MaxEvents bounds a limit that is written, so that the time between two events stays exact enough and rates can be compared.
const MaxEvents = 1_000_000

var limitForm = regexp.MustCompile(`^([1-9][0-9]{0,6})/(s|min|h)(?: burst ([1-9][0-9]{0,6}))?$`)

var errLimit = errors.New("a limit is written as 600/min or 600/min burst 50: up to 1000000 in a s, min or h")

// ParseLimit reads what [Limit.String] writes. Without a burst all of the events may come at once.
func ParseLimit(text string) (Limit, error) {
	m := limitForm.FindStringSubmatch(text)
	if m == nil {
		return Limit{}, errLimit
	}
	l := Limit{Per: map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour}[m[2]]}
	l.Events, _ = strconv.Atoi(m[1]) // seven digits
	l.Burst = l.Events
	if m[3] != "" {
		l.Burst, _ = strconv.Atoi(m[3])
	}
	if l.Events > MaxEvents || l.Burst > MaxEvents {
		return Limit{}, errLimit
	}
	return l, nil
}

// Less reports whether l allows less than other in the long run, or less at once. It is meant for limits as they are written.
func (l Limit) Less(other Limit) bool {
	return int64(l.Events)*int64(other.Per) < int64(other.Events)*int64(l.Per) || l.Burst < other.Burst
}
