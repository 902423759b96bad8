//go:build !linux

package strict_test

import (
	"testing"
	"time"
)

// cpu returns the time that a function takes.
func cpu(t *testing.T, f func()) time.Duration {
	t.Helper()
	start := time.Now()
	f()
	return time.Since(start)
}
