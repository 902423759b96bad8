package sessions_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/seed-2a059015/gatehouse/sessions"
)

type vectors struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		PublicKey struct {
			Uncompressed string `json:"uncompressed"`
		} `json:"publicKey"`
		Tests []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Msg     string `json:"msg"`
			Sig     string `json:"sig"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

// TestSES_03_Wycheproof runs every vector for P-256 with SHA-256 in the encoding of JWS twice: under its own key through what Verify asks
// of a signature, and its bytes as the signature of a token of ours through Verify itself.
func TestSES_03_Wycheproof(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.forge()
	input, _ := signatureOf(t, f.token(t, f.header(), b.claims()))
	v := load(t, "ecdsa_secp256r1_sha256_p1363_test.json")
	ran := 0
	for _, group := range v.TestGroups {
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex(t, group.PublicKey.Uncompressed))
		if err != nil {
			t.Fatalf("ParseUncompressedPublicKey = %v", err)
		}
		for _, c := range group.Tests {
			ran++
			sig := unhex(t, c.Sig)
			// Of the two signatures that hold we take the one with the lower s.
			want := c.Result == "valid" && lowest(sig)
			if got := sessions.Holds(public, string(unhex(t, c.Msg)), sig); got != want {
				t.Errorf("vector %d (%s): holds = %v, want %v", c.ID, c.Comment, got, want)
			}
			_, err := verify(t, b.sessions, input+"."+base64.RawURLEncoding.EncodeToString(sig))
			b.refused("Verify with the signature of a vector", err, sessions.ErrToken)
		}
	}
	if ran != v.NumberOfTests || ran < 200 {
		t.Errorf("%d vectors ran of %d", ran, v.NumberOfTests)
	}
}

func load(t *testing.T, name string) (v vectors) {
	t.Helper()
	raw, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("decode %s: %v", name, err)
	}
	return v
}

func lowest(sig []byte) bool {
	s := new(big.Int).SetBytes(sig[32:])
	return s.Cmp(new(big.Int).Sub(elliptic.P256().Params().N, s)) < 0
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
