package telemetry

import (
	"io"
	"sync"
	"time"
)

const (
	// writeSize is how many bytes of lines are gathered before they are written.
	writeSize = 32 << 10
	// writeDelay is how long a line waits for others, at most.
	writeDelay = 50 * time.Millisecond
)

// Writer gathers lines and hands many of them at once to what is beneath: a system call for each line costs as much as answering the
// request that it is about. It holds few of them: whoever finds it full waits until they are written. A process that is killed loses what
// came in the last 50 ms.
type Writer struct {
	mu    sync.Mutex
	to    io.Writer
	lines []byte
	timer *time.Timer
}

// NewWriter returns a writer before to. Call Flush at the end.
func NewWriter(to io.Writer) *Writer {
	w := &Writer{to: to, lines: make([]byte, 0, writeSize)}
	w.timer = time.AfterFunc(time.Hour, func() { _ = w.Flush() })
	w.timer.Stop()
	return w
}

// Write takes whole lines. Its error is about lines that came before.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if len(w.lines)+len(p) > writeSize {
		err = w.flush()
	}
	if len(p) > writeSize {
		return w.to.Write(p)
	}
	if len(w.lines) == 0 {
		w.timer.Reset(writeDelay)
	}
	w.lines = append(w.lines, p...)
	return len(p), err
}

// Flush writes what was gathered.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

// flush lets go of the lines even when they cannot be written: a log that nobody reads must not stop the server.
func (w *Writer) flush() error {
	if len(w.lines) == 0 {
		return nil
	}
	_, err := w.to.Write(w.lines)
	w.lines = w.lines[:0]
	w.timer.Stop()
	return err
}
