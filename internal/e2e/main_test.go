package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the binary under test; TestMain builds it.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "gatehouse-e2e-")
	if err != nil {
		return 0, fmt.Errorf("make a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "gatehouse")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if raceEnabled { // what the tests compiled already is then used again
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "../../cmd/gatehouse")...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}
