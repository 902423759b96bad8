package access

import "time"

// processStart is the origin of the monotonic clock.
var processStart = time.Now() //nolint:forbidigo // how old a beat is has no transaction to take the time from

func uptime() time.Duration {
	return time.Since(processStart) //nolint:forbidigo // see processStart
}

// Now is the database's time as of the last beat and the monotonic clock since then, so that instances whose clocks are wrong, or are set
// while they run, agree on what has expired.
func (s *Store) Now() time.Time { return s.moment(uptime()) }

// moment is Now at another time of the monotonic clock, for who has read it already: to read it costs as much as finding a snapshot.
func (s *Store) moment(up time.Duration) time.Time {
	return s.clock(time.Unix(0, s.origin.Load()+int64(up)).UTC())
}
