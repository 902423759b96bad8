package main

import (
	"os"
	"runtime/debug"
)

// collectAt is how much the heap may grow, in percent of what lives, before it is collected. Go's own 100 would collect several times a
// second under load, since little lives here; the machine has more use of that time than of the memory.
const collectAt = 300

// settle gives back the memory that only starting needed, and lets the heap grow from there. GOGC or GOMEMLIMIT of the operator win.
func settle() {
	debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
	}
}
