package saml

import (
	"regexp"
	"time"

	"github.com/beevik/etree"
)

// Tolerances of time.
const (
	// skew is how far the provider's clock may be off, either way.
	skew = 90 * time.Second
	// maxAge is how long an assertion is taken after it was issued, whatever it says of itself: a browser needs seconds.
	maxAge = 5 * time.Minute
)

// utc is xs:dateTime as SAML 2.0 Core, section 1.3.3, narrows it: no zone but Z. A time without zone means something else at each end.
var utc = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$`)

// moment is a time that a document tells.
type moment struct {
	text  string
	there bool
	valid bool
	at    time.Time
}

func momentOf(el *etree.Element, name string) moment {
	s, there := attribute(el, name)
	m := moment{text: s, there: there}
	if !utc.MatchString(s) {
		return m
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	m.at, m.valid = at.UTC(), err == nil
	return m
}

// broken says that a time is written in a way that cannot be read.
func (m moment) broken() bool { return m.there && !m.valid }

// begun says that a time from which something holds has come.
func (m moment) begun(now time.Time) bool { return m.valid && !m.at.After(now.Add(skew)) }

// over says that a time at which something ends has come.
func (m moment) over(now time.Time) bool { return !m.valid || !now.Before(m.at.Add(skew)) }

// sooner is the earlier of two times.
func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
