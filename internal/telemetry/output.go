package telemetry

import (
	"io"
	"sync"
)

// output is where a logger's lines go, one at a time.
type output struct {
	mu      sync.Mutex
	to      io.Writer
	scratch []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

// line writes a canonical line; false if the line is not plain.
func (o *output) line(l *Line) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, plain := l.appendJSON(o.scratch[:0])
	if !plain {
		return false
	}
	o.scratch = b
	_, _ = o.to.Write(b) // as slog does, which has nobody to tell either
	return true
}

func (o *output) flush() error {
	if w, ok := o.to.(*Writer); ok {
		return w.Flush()
	}
	return nil
}
