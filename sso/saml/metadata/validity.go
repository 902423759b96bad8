package metadata

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// validity returns the earliest validUntil and the shortest cacheDuration of the role and of all that it stands in: each of them limits
// what is below it (metadata 2.3.1, 2.3.2, 2.4.1).
func validity(role *etree.Element) (until time.Time, cache time.Duration, err error) {
	for el := role; el != nil && el.Tag != ""; el = el.Parent() {
		if value, ok := attribute(el, "validUntil"); ok {
			t, err := parseTime(value)
			if err != nil {
				return until, cache, err
			}
			if until.IsZero() || t.Before(until) {
				until = t
			}
		}
		if value, ok := attribute(el, "cacheDuration"); ok {
			d, err := parseDuration(value)
			if err != nil {
				return until, cache, err
			}
			if cache == 0 || d < cache {
				cache = d
			}
		}
	}
	return until, cache, nil
}

var dateTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?$`)

// parseTime reads an xs:dateTime. SAML wants UTC, so a time without zone is in UTC.
func parseTime(value string) (time.Time, error) {
	match := dateTime.FindStringSubmatch(value)
	if match != nil && match[2] == "" {
		value += "Z"
	}
	t, err := time.Parse(time.RFC3339, value)
	if match == nil || err != nil {
		return time.Time{}, refuse(Malformed, fmt.Sprintf("validUntil=%.40q is not a time.", value))
	}
	return t.UTC(), nil
}

var duration = regexp.MustCompile(`^P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.[0-9]+)?S)?)?$`)

// longest caps a duration, far above what makes a difference.
const longest = 10 * 365 * 24 * time.Hour

// parseDuration reads an xs:duration that is not negative, and at least one second. A year counts 365 days and a month 30: exact enough
// to know when to look again.
func parseDuration(value string) (time.Duration, error) {
	match := duration.FindStringSubmatch(value)
	if match == nil || value[len(value)-1] == 'P' || value[len(value)-1] == 'T' {
		return 0, refuse(Malformed, fmt.Sprintf("cacheDuration=%.40q is not a duration.", value))
	}
	const day = 24 * time.Hour
	var seconds int64 // nine digits of years are below 2^55
	for i, unit := range []time.Duration{365 * day, 30 * day, day, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.ParseInt(match[i+1], 10, 64) // digits, or nothing: zero
		seconds += n * int64(unit/time.Second)
	}
	return time.Duration(min(max(seconds, 1), int64(longest/time.Second))) * time.Second, nil
}
