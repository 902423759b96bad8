package telemetry

import (
	"errors"
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
// request that it is about. Lines go on being gathered while those before are written, so that a slow reader of the log stops nobody at once.
// It holds few of them: whoever finds no room waits. A process that is killed loses what came in the last 50 ms.
type Writer struct {
	writing sync.Mutex // of what is beneath, and spare; taken before mu
	to      io.Writer
	spare   []byte

	mu    sync.Mutex
	lines []byte
	timer *time.Timer
}

// NewWriter returns a writer before to. Call Flush at the end.
func NewWriter(to io.Writer) *Writer {
	w := &Writer{to: to, lines: make([]byte, 0, writeSize), spare: make([]byte, 0, writeSize)}
	w.timer = time.AfterFunc(time.Hour, func() { _ = w.Flush() })
	w.timer.Stop()
	return w
}

// Write takes whole lines. Its error is about lines that came before.
func (w *Writer) Write(p []byte) (int, error) {
	if len(p) > writeSize {
		return w.writeNow(p)
	}
	var failed error
	for !w.gather(p) {
		if err := w.makeRoom(len(p)); err != nil {
			failed = err
		}
	}
	return len(p), failed
}

// gather is false when there is no room.
func (w *Writer) gather(p []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines)+len(p) > writeSize {
		return false
	}
	if len(w.lines) == 0 {
		w.timer.Reset(writeDelay)
	}
	w.lines = append(w.lines, p...)
	return true
}

// makeRoom writes what was gathered, unless somebody else has made room for n bytes meanwhile.
func (w *Writer) makeRoom(n int) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	room := len(w.lines)+n <= writeSize
	w.mu.Unlock()
	if room {
		return nil
	}
	return w.flush()
}

// writeNow is for what is too long to be gathered.
func (w *Writer) writeNow(p []byte) (int, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	before := w.flush()
	n, err := w.to.Write(p)
	return n, errors.Join(before, err)
}

// Flush writes what was gathered.
func (w *Writer) Flush() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.flush()
}

// flush lets go of the lines even when they cannot be written: a log that nobody reads must not stop the server. The caller holds writing.
func (w *Writer) flush() error {
	w.mu.Lock()
	full := w.lines
	w.lines, w.spare = w.spare[:0], full
	w.timer.Stop()
	w.mu.Unlock()
	if len(full) == 0 {
		return nil
	}
	_, err := w.to.Write(full)
	return err
}
