package devpg

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

const canSeeProcesses = true

// leftovers lists the processes of Postgres whose working folder is data. All
// processes of a server stay there, and no other program has reason to.
func leftovers(data string, _ int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		proc := filepath.Join("/proc", e.Name())
		// A process that we may not look at is of another user, not ours.
		if cwd, err := os.Readlink(filepath.Join(proc, "cwd")); err != nil || cwd != data {
			continue
		}
		if name, err := os.ReadFile(filepath.Join(proc, "comm")); err == nil &&
			string(bytes.TrimSpace(name)) == "postgres" {
			pids = append(pids, pid)
		}
	}
	return pids
}
