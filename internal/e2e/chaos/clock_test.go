package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What is put into the program for this run alone. The wall clock moves and the one that only runs forward does not, as where somebody sets
// the time of a machine: no library can do that to a Go program from outside, since it asks the kernel without going through libc.
const (
	readNow  = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n"
	movedNow = "\tsec, nsec, mono := runtimeNow()\n\tsec += jumped\n\tif mono == 0 {\n"
	jump     = `package time

var jumped int64

// Jump sets by how many seconds the wall clock is wrong.
func Jump(seconds int64) { jumped = seconds }
`
	follow = `package main

import (
	"os"
	"strconv"
	"time"
)

func init() {
	go func() {
		for ; ; time.Sleep(20 * time.Millisecond) {
			if text, err := os.ReadFile(os.Getenv("` + clockVariable + `")); err == nil {
				if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
					time.Jump(seconds)
				}
			}
		}
	}()
}
`
	clockVariable = "CHAOS_CLOCK" // names the file that says how wrong the clock is
)

// jumpingClock writes the overlay by which the program is built with a wall clock that can jump.
func jumpingClock(dir string) (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the sources of Go: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	text, err := os.ReadFile(filepath.Join(source, "time.go"))
	if err != nil {
		return "", fmt.Errorf("read time.Now: %w", err)
	}
	if strings.Count(string(text), readNow) != 1 {
		return "", errors.New("time.Now of this Go is not written as it was: look at clock_test.go")
	}
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	replace := map[string]string{}
	for _, f := range []struct{ path, name, text string }{
		{filepath.Join(source, "time.go"), "time.go", strings.Replace(string(text), readNow, movedNow, 1)},
		{filepath.Join(source, "jump.go"), "jump.go", jump},
		{filepath.Join(root, "cmd", "gatehouse", "chaosclock.go"), "chaosclock.go", follow},
	} {
		replace[f.path] = filepath.Join(dir, f.name)
		if err := os.WriteFile(replace[f.path], []byte(f.text), 0o600); err != nil {
			return "", fmt.Errorf("write the clock: %w", err)
		}
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the clock: %w", err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}

// setClock has the server's wall clock jump.
func (s *server) setClock(by time.Duration) error {
	next := s.clock + ".next" // a file that is half written would be another time
	if err := os.WriteFile(next, strconv.AppendInt(nil, int64(by/time.Second), 10), 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.clock)
}
