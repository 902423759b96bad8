package web

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// panicked is what a handler's panic becomes: for the log, never for the client.
type panicked struct {
	value any
	where string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v at %s", p.value, p.where) }

// whence names the frames that panicked, innermost first: a whole stack would not fit into a log line.
func whence() string {
	const most = 10
	counters := make([]uintptr, 64)
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters)])
	var found []string
	for frame, more := frames.Next(); more && len(found) < most; frame, more = frames.Next() {
		if frame.Function == "" || strings.HasPrefix(frame.Function, "runtime.") {
			continue
		}
		found = append(found, fmt.Sprintf("%s:%d", path.Base(frame.Function), frame.Line))
	}
	return strings.Join(found, " < ")
}
