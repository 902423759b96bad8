//go:build !linux

package devpg

import (
	"os/exec"
	"strconv"
	"strings"
)

const canSeeProcesses = false

// leftovers returns named if it is a server of data, going by its command line.
// Its children end with it; Postgres itself refuses to start beside them.
func leftovers(data string, named int) []int {
	if named == 0 {
		return nil
	}
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(named)).Output() //nolint:gosec,noctx // a number
	if err != nil || !strings.Contains(string(out), "postgres") || !strings.Contains(string(out), data) {
		return nil
	}
	return []int{named}
}
