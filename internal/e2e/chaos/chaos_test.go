package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// TestChaos kills, and counts.
func TestChaos(t *testing.T) { //nolint:paralleltest // it takes what the machine has
	seed := run.seed
	for seed == 0 {
		seed = rand.Uint64()
	}
	heading := fmt.Sprintf("chaos: %d kills, -seed %d", run.kills, seed)
	fmt.Fprintln(os.Stdout, heading)
	rig := newRig(t, t.TempDir())
	counts := &tally{}
	ctx := context.WithoutCancel(t.Context())
	for i, p := range plan(seed) {
		r := &round{rig: rig, tally: counts, seed: seed + uint64(i), number: i, part: p}
		if err := r.play(ctx, r.attack); err != nil {
			counts.violate(harness, 1, "round %d: %v", i, err)
			break
		}
	}
	if run.full {
		if err := fillDisk(ctx, t, counts, seed); err != nil {
			counts.violate(harness, 1, "the disk that is full: %v", err)
		}
	}
	counts.print(os.Stdout, heading)
	for _, violation := range counts.violations() {
		t.Error(violation)
	}
}

// part is the plan of a round.
type part struct {
	servers, kills int
	jumps          bool
}

const perRound = 10

// plan divides the kills into rounds with two and with eight servers, or makes one of them all.
func plan(uint64) (parts []part) {
	if !run.full {
		return []part{{2, run.kills, false}}
	}
	for left := run.kills; left > 0; left -= perRound {
		parts = append(parts, part{[...]int{2, 8}[len(parts)%2], min(left, perRound), true})
	}
	return parts
}
