package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// logFile is where the server logs, as a service would. A pipe would have to be read by this program, which is the client: reading would cost
// the requests of the server time that those of the bare handler, which logs nothing, have.
type logFile struct{ path string }

func (l logFile) open() (*os.File, error) {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// all is what has been logged, or why it cannot be read.
func (l logFile) all() string {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// forget empties the log, to which the server goes on to append.
func (l logFile) forget() error {
	if err := os.Truncate(l.path, 0); err != nil {
		return fmt.Errorf("empty the server's log: %w", err)
	}
	return nil
}

// statements is the most that any successful request of a route needed since the log was emptied; nil if there was none.
func (l logFile) statements(route string) (*int64, error) {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		return nil, fmt.Errorf("read the server's log: %w", err)
	}
	var most *int64
	for text := range bytes.Lines(raw) {
		var line struct {
			Route  string `json:"route"`
			Status int    `json:"status"`
			SQL    int64  `json:"sql"`
		}
		if json.Unmarshal(text, &line) == nil && line.Route == route && line.Status < 400 && (most == nil || line.SQL > *most) {
			most = &line.SQL
		}
	}
	return most, nil
}
