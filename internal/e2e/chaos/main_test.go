package chaos_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// run is what the command line asks for, and the program under test, which TestMain builds.
var run struct {
	kills   int
	seed    uint64
	full    bool
	program string
}

func TestMain(m *testing.M) {
	flag.IntVar(&run.kills, "kills", 6, "how many processes are killed")
	flag.Uint64Var(&run.seed, "seed", 0, "repeats the plan of another run; 0 makes one up")
	flag.BoolVar(&run.full, "full", false, "also eight servers, jumps of clocks and a disk that is full")
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "gatehouse-chaos-")
	if err != nil {
		return 0, fmt.Errorf("make a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	run.program = filepath.Join(dir, "gatehouse")
	args := []string{"build", "-buildvcs=false", "-o", run.program}
	if raceEnabled { // what the tests compiled already is then used again
		args = append(args, "-race")
	}
	if run.full {
		overlay, err := jumpingClock(dir)
		if err != nil {
			return 0, err
		}
		args = append(args, "-overlay", overlay)
	}
	build := exec.Command("go", append(args, "./cmd/gatehouse")...)
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}
