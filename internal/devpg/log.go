package devpg

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	logFile = "postgres.log"
	// maxLog is the size from which a start begins the log anew.
	maxLog = 10 << 20
)

// serverLog is the file that a server writes to, and where this run began.
type serverLog struct {
	file  *os.File
	start int64
}

func openLog(dir string) (*serverLog, error) {
	path := filepath.Join(dir, logFile)
	flags := os.O_RDWR | os.O_CREATE | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &serverLog{file: f, start: end}, nil
}

// tail returns the last lines of this run.
func (l *serverLog) tail() string {
	raw, _ := io.ReadAll(io.NewSectionReader(l.file, l.start, maxLog))
	return lastLines(string(raw))
}

func (l *serverLog) close() { _ = l.file.Close() }

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
