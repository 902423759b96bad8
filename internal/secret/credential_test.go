package secret_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func TestCredentialRoundTrip(t *testing.T) {
	t.Parallel()
	full := [16]byte(bytes.Repeat([]byte{0xff}, 16))
	shape := regexp.MustCompile(`^ghr_[0-9a-hjkmnp-tv-z]{26}_[0-9a-hjkmnp-tv-z]{26}(_[1-9][0-9]*)?_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`)
	for _, id := range [][16]byte{{}, {15: 1}, {0: 1}, full, [16]byte(secret.Random(16))} {
		for _, generation := range []uint32{0, 1, math.MaxUint32} {
			for _, bits := range [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), secret.Random(32)} {
				want := secret.Credential{
					Prefix: "ghr", Tenant: id, ID: [16]byte(secret.Random(16)), Secret: [32]byte(bits), Generation: generation,
				}
				wire := want.String()
				if !shape.MatchString(wire) {
					t.Errorf("String() = %q, want the shape %s", wire, shape)
				}
				got, err := secret.Parse("ghr", wire)
				if err != nil {
					t.Fatalf("Parse(%q): %v", wire, err)
				}
				if got != want {
					t.Errorf("Parse(%q): -want +got:\n%s", wire, cmp.Diff(want.Secret, got.Secret))
				}
			}
		}
	}
}

func TestKEY_02_OtherFormatsAreRefused(t *testing.T) {
	t.Parallel()
	credential := secret.Issue(secret.PrefixAPIKey, [16]byte(secret.Random(16)), [16]byte(secret.Random(16)), 7)
	wire := credential.String()
	parts := strings.Split(wire, "_")
	with := func(i int, part string) string {
		changed := append([]string{}, parts...)
		changed[i] = part
		return strings.Join(changed, "_")
	}
	for name, s := range map[string]string{
		"empty":                 "",
		"prefix alone":          "ghk_",
		"other prefix":          with(0, secret.PrefixRefresh),
		"upper-case prefix":     with(0, "GHK"),
		"upper-case tenant":     with(1, strings.ToUpper(parts[1])),
		"crockford alias":       with(2, "o"+parts[2][1:]),
		"spare bits of tenant":  with(1, parts[1][:25]+"z"),
		"line break in tenant":  with(1, parts[1][:25]+"\n"),
		"short id":              with(2, parts[2][1:]),
		"long id":               with(2, "0"+parts[2]),
		"leading zero":          with(3, "07"),
		"signed generation":     with(3, "+7"),
		"explicit zero":         with(3, "0"),
		"generation overflow":   with(3, "4294967296"),
		"other generation":      with(3, "8"),
		"secret beyond 256 bit": with(4, strings.Repeat("Z", 43)),
		"secret in base64url":   with(4, strings.Repeat("-", 43)),
		"short secret":          with(4, parts[4][1:]),
		"wrong checksum":        with(5, "000000"),
		"short checksum":        with(5, parts[5][1:]),
		"missing part":          strings.Join(parts[:5], "_"),
		"extra part":            wire + "_x",
		"leading space":         " " + wire,
		"trailing newline":      wire + "\n",
		"nul":                   wire[:40] + "\x00" + wire[41:],
		"doubled":               wire + wire,
		"huge":                  strings.Repeat("_", 5<<20),
	} {
		if got, err := secret.Parse(secret.PrefixAPIKey, s); !errors.Is(err, secret.ErrCredential) || got != (secret.Credential{}) {
			t.Errorf("%s: Parse(%.200q) = %v, %v, want ErrCredential", name, s, got, err)
		}
	}
	if _, err := secret.Parse(secret.PrefixAPIKey, wire); err != nil {
		t.Errorf("Parse(%q) = %v, want nil", wire, err)
	}
}

func TestKEY_02_EveryTypoIsCaught(t *testing.T) {
	t.Parallel()
	wire := secret.Issue(secret.PrefixSignInLink, [16]byte{1}, [16]byte{2}, 0).String()
	for i := range len(wire) {
		for _, c := range []byte("0Aa_-") {
			if wire[i] == c {
				continue
			}
			typo := wire[:i] + string(c) + wire[i+1:]
			if _, err := secret.Parse(secret.PrefixSignInLink, typo); !errors.Is(err, secret.ErrCredential) {
				t.Errorf("Parse(%q) = %v, want ErrCredential", typo, err)
			}
		}
	}
}

func TestKEY_03_OnlyTheSecretDecides(t *testing.T) {
	t.Parallel()
	stored := secret.Issue(secret.PrefixAPIKey, [16]byte{1}, [16]byte{2}, 0)
	guess := secret.Issue(secret.PrefixAPIKey, stored.Tenant, stored.ID, 0)
	want, got := stored.Hash(), guess.Hash()
	if secret.Equal(want[:], got[:]) {
		t.Error("Hash() of two secrets is equal, want different")
	}
	parsed, err := secret.Parse(secret.PrefixAPIKey, stored.String())
	if err != nil || parsed.Hash() != want {
		t.Errorf("Parse(String()).Hash() = %x, %v, want %x", parsed.Hash(), err, want)
	}
	other := stored
	other.Prefix = secret.PrefixRefresh
	if other.Hash() == want {
		t.Error("Hash() under another prefix is equal, want different")
	}
}

// The wire form writes the secret as math/big writes a number of base 62.
func TestSecretsAreNumbersOfBase62(t *testing.T) {
	t.Parallel()
	edges := [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), append(make([]byte, 31), 61), append(make([]byte, 31), 62)}
	for range 2000 {
		edges = append(edges, secret.Random(32))
	}
	for _, raw := range edges {
		c := secret.Credential{Prefix: "ghk", Secret: [32]byte(raw)}
		number := new(big.Int).SetBytes(raw).Text(62)
		want := strings.Repeat("0", 43-len(number)) + number
		if got := strings.Split(c.String(), "_")[3]; got != want {
			t.Errorf("secret of String() = %s, want %s", got, want)
		}
	}
	tooLarge := new(big.Int).Lsh(big.NewInt(1), 256).Text(62)
	wire := strings.Split(secret.Credential{Prefix: "ghk"}.String(), "_")
	wire[3] = tooLarge
	if _, err := secret.Parse("ghk", strings.Join(wire, "_")); err == nil {
		t.Errorf("Parse of a secret of 257 bits = nil, want an error")
	}
}

func TestParseAllocatesOnce(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	wire := secret.Issue("ghk", [16]byte{1}, [16]byte{2}, 0).String()
	if n := testing.AllocsPerRun(1000, func() { _, _ = secret.Parse("ghk", wire) }); n > 1 {
		t.Errorf("Parse allocates %v times, want once", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(secret.Issue("ghk", [16]byte{1}, [16]byte{2}, 0).String())
	f.Add(secret.Issue("ghk", [16]byte{1}, [16]byte{2}, 9).String())
	f.Add("ghk_____")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := secret.Parse("ghk", s)
		if err == nil && got.String() != s {
			t.Errorf("Parse(%q).String() = %q, want the input: a second spelling", s, got.String())
		}
		if err != nil && !errors.Is(err, secret.ErrCredential) {
			t.Errorf("Parse(%q) = %v, want ErrCredential", s, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	wire := secret.Issue("ghk", [16]byte{1}, [16]byte{2}, 0).String()
	for b.Loop() {
		if _, err := secret.Parse("ghk", wire); err != nil {
			b.Fatal(err)
		}
	}
}
