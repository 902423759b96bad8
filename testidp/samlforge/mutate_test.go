package samlforge_test

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestMutateIsRepeatableAndChangesAlmostAlways(t *testing.T) {
	t.Parallel()
	doc := build(t, options(t))
	same := 0
	for seed := range int64(2_000) {
		a := samlforge.Mutate(doc, rand.New(rand.NewSource(seed)))
		if b := samlforge.Mutate(doc, rand.New(rand.NewSource(seed))); !bytes.Equal(a, b) {
			t.Fatalf("seed %d makes two mutants:\n%s\n%s", seed, a, b)
		}
		if bytes.Equal(a, doc) {
			same++
		}
	}
	if same > 200 {
		t.Errorf("%d of 2000 mutants are the original", same)
	}
	if got := samlforge.Mutate([]byte("<"), rand.New(rand.NewSource(1))); string(got) != "<" {
		t.Errorf("a mutant of what is no XML = %q, want it back", got)
	}
}
