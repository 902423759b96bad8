package secret_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func TestPepperSeparatesDomainsAndParts(t *testing.T) {
	t.Parallel()
	pepper := secret.NewPepper(secret.Random(secret.KeySize))
	text := func(parts ...string) (out [][]byte) {
		for _, part := range parts {
			out = append(out, []byte(part))
		}
		return out
	}
	seen := map[[32]byte]string{}
	for name, mac := range map[string][32]byte{
		"a: b c":   pepper.MAC("a", text("b", "c")...),
		"a: bc":    pepper.MAC("a", text("bc")...),
		"a: bc -":  pepper.MAC("a", text("bc", "")...),
		"a: - bc":  pepper.MAC("a", text("", "bc")...),
		"ab: c":    pepper.MAC("ab", text("c")...),
		"a":        pepper.MAC("a"),
		"b":        pepper.MAC("b"),
		"a: -":     pepper.MAC("a", text("")...),
		"a: c b":   pepper.MAC("a", text("c", "b")...),
		"other: a": secret.NewPepper(secret.Random(secret.KeySize)).MAC("a", text("b", "c")...),
	} {
		if twin, found := seen[mac]; found {
			t.Errorf("MAC of %q equals MAC of %q", name, twin)
		}
		seen[mac] = name
	}
	first, second := pepper.MAC("a", text("b")...), pepper.MAC("a", text("b")...)
	if first != second {
		t.Error("MAC is not stable")
	}
}

func TestRootDerivesOnePepperPerPurpose(t *testing.T) {
	t.Parallel()
	key := secret.Random(secret.KeySize)
	root := secret.Root(key)
	cursors := root.Derive("cursors").MAC("x")
	if root.Derive("keys").MAC("x") == cursors {
		t.Error("Derive of two purposes is equal, want different")
	}
	if secret.NewPepper(key).MAC("x") == cursors {
		t.Error("Derive equals the root used as a pepper, want different")
	}
	clear(key) // the caller's slice is copied
	if root.Derive("cursors").MAC("x") != cursors {
		t.Error("Derive changed with the caller's slice")
	}
}

func TestZeroAndShortKeysPanic(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"zero Pepper":  func() { secret.Pepper{}.MAC("x") },
		"zero RootKey": func() { secret.RootKey{}.Derive("x") },
		"short pepper": func() { secret.NewPepper([]byte("short")) },
		"nil root":     func() { secret.Root(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestRandomText(t *testing.T) {
	t.Parallel()
	a, b := secret.RandomText(32), secret.RandomText(32)
	if len(a) != 43 || a == b {
		t.Errorf("RandomText(32) = %q, %q, want two different texts of 43 characters", a, b)
	}
	if !secret.Equal(a, a) || secret.Equal(a, b) || secret.Equal(a, a[:42]) {
		t.Error("Equal: want true for the same text only")
	}
}
