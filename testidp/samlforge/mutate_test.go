package samlforge_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestMutateIsRepeatableAndChangesAlmostAlways(t *testing.T) {
	t.Parallel()
	doc := build(t, options(t))
	same := 0
	for seed := range uint64(500) {
		a := samlforge.Mutate(doc, rand.NewPCG(seed, 0))
		if b := samlforge.Mutate(doc, rand.NewPCG(seed, 0)); !bytes.Equal(a, b) {
			t.Fatalf("seed %d makes two mutants:\n%s\n%s", seed, a, b)
		}
		if bytes.Equal(a, doc) {
			same++
		}
	}
	if same > 50 {
		t.Errorf("%d of 500 mutants are the original", same)
	}
	if got := samlforge.Mutate([]byte("<"), rand.NewPCG(1, 0)); string(got) != "<" {
		t.Errorf("a mutant of what is no XML = %q, want it back", got)
	}
}
