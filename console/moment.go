package console

import "time"

// moment is a time as machines and people read it. Pages know no one's time zone, so people read UTC.
type moment struct{ Machine, Text string }

func momentOf(t time.Time) moment {
	t = t.UTC()
	return moment{t.Format(time.RFC3339), t.Format("2 Jan 2006, 15:04 UTC")}
}
