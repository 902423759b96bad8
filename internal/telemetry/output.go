package telemetry

import (
	"io"
	"sync"
)

// output is where a logger's lines go. Canonical lines are made before their turn and not within it: whoever had to wait for the making of
// all lines before, and for the system that takes them, would wait for longer than its request took.
type output struct {
	lines  sync.Pool // of room to make one in
	gather *Writer   // nil: to takes one line at a time
	mu     sync.Mutex
	to     io.Writer
}

func newOutput(to io.Writer) *output {
	gather, _ := to.(*Writer)
	return &output{to: to, gather: gather, lines: sync.Pool{New: func() any { return new(make([]byte, 0, usualLine)) }}}
}

// usualLine is room for the line of a request.
const usualLine = 512

func (o *output) Write(p []byte) (int, error) {
	if o.gather != nil { // which has locks of its own, and holds none while it writes
		return o.gather.Write(p)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

// line writes a canonical line; false if the line is not plain.
func (o *output) line(l *Line) bool {
	room, _ := o.lines.Get().(*[]byte)
	defer o.lines.Put(room)
	b, plain := l.appendJSON((*room)[:0])
	*room = b
	if !plain {
		return false
	}
	_, _ = o.Write(b) // as slog does, which has nobody to tell either
	return true
}

func (o *output) flush() error {
	if o.gather == nil {
		return nil
	}
	return o.gather.Flush()
}
