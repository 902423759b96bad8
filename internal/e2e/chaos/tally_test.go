package chaos_test

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
)

// what a run counts.
type what int

const (
	serverKills what = iota
	databaseKills
	pauses
	jumps
	acknowledged
	repeated
	clearly
	unanswered
	wrongClock
	mistaken
	full
	audits
	verified
	lost
	double
	forged
	stamped
	unclear
	never
	differs
	admitted
	turnedAway
	over
	stranded
	harness
	ends
)

// lines are how the table shows them. What is demanded is none at all.
var lines = [ends]struct {
	name     string
	demanded bool
}{
	serverKills: {"servers killed", false}, databaseKills: {"Postgres killed", false}, pauses: {"servers that stood still for longer than leases", false},
	jumps: {"jumps of a wall clock by an hour", false}, acknowledged: {"events acknowledged", false}, repeated: {"events sent again after they were acknowledged", false},
	clearly: {"requests refused clearly, and sent again", false}, unanswered: {"requests without an answer, and sent again", false},
	wrongClock: {"events refused by a server whose clock was wrong, and sent again", false},
	mistaken:   {"answers of servers whose clock was an hour wrong", false},
	full:       {"requests refused clearly while the disk was full", false},
	audits:     {"counts by SQL while it went on", false}, verified: {"counts by gatehouse's own verification", false}, admitted: {"calls admitted", false}, turnedAway: {"calls refused, the limit being reached", false},
	lost: {"acknowledged, and lost", true}, double: {"counted twice", true}, forged: {"stored, and never sent or refused", true}, stamped: {"events stored with a time that is an hour wrong", true}, differs: {"counts that reports or sums disagree with", true},
	over: {"admitted above a limit", true}, stranded: {"of a limit stranded after leases expired", true}, unclear: {"answers that are neither success nor a clear refusal", true},
	never: {"requests never answered", true}, harness: {"servers or databases that did not come back", true},
}

// tally is what happened so far.
type tally struct {
	mu    sync.Mutex
	n     [ends]int64
	notes []string
}

func (t *tally) add(w what, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[w] += n
}

// violate adds to what must not be, and keeps a note of the first ones.
func (t *tally) violate(w what, n int64, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[w] += n
	if len(t.notes) < 30 {
		t.notes = append(t.notes, lines[w].name+": "+fmt.Sprintf(format, args...))
	}
}

func (t *tally) of(w what) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n[w]
}

// violations are the notes of what must not be.
func (t *tally) violations() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.notes
}

// print writes the table.
func (t *tally) print(out io.Writer, heading string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s\n", heading)
	for i, line := range lines {
		verdict := ""
		switch {
		case line.demanded && t.n[i] != 0:
			verdict = "WRONG"
		case line.demanded:
			verdict = "as demanded"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t\n", line.name, t.n[i], verdict)
	}
	_ = w.Flush()
}
