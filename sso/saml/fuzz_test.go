package saml_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// FuzzVerifyResponse changes honest responses at random. What comes of it is a refusal, or exactly what the provider has said.
func FuzzVerifyResponse(f *testing.F) {
	modes := []samlforge.Mode{
		samlforge.SignAssertion, samlforge.SignResponse, samlforge.SignBoth, samlforge.SignThenEncrypt, samlforge.EncryptInSigned, samlforge.EncryptInBoth,
	}
	docs, wants, said := map[samlforge.Mode][]byte{}, map[samlforge.Mode]saml.Expect{}, map[samlforge.Mode]saml.Assertion{}
	for i, m := range modes {
		o := honest(f)
		o.Mode = m
		docs[m], wants[m] = build(f, o), expectIn(f, m)
		a, err := verify(f, docs[m], wants[m])
		if err != nil {
			f.Fatal(err)
		}
		said[m] = a
		for seed := range uint64(50) {
			f.Add(i, seed)
		}
	}
	f.Fuzz(func(t *testing.T, mode int, seed uint64) {
		m := modes[uint(mode)%uint(len(modes))]
		mutant := samlforge.Mutate(docs[m], rand.NewPCG(seed, 0))
		a, err := verify(t, mutant, wants[m])
		if err != nil {
			if reasonOf(err) == "internal" {
				t.Errorf("Verify() of a mutant of mode %s = %v, want a reason", m, err)
			}
			return
		}
		if diff := cmp.Diff(said[m], a); diff != "" {
			t.Errorf("Verify() of a mutant of mode %s says something else (-honest +mutant):\n%s\n%s", m, diff, mutant)
		}
	})
}

// FuzzVerifyBytes puts octets of its own in place of others.
func FuzzVerifyBytes(f *testing.F) {
	doc, want := build(f, honest(f)), expect(f)
	said, err := verify(f, doc, want)
	if err != nil {
		f.Fatal(err)
	}
	for at := 0; at < len(doc); at += 97 {
		f.Add(at, 0, "<!---->")
		f.Add(at, 1, "&#x20;")
		f.Add(at, 9, "")
	}
	f.Fuzz(func(t *testing.T, at, cut int, put string) {
		from := int(uint(at) % uint(len(doc)))
		to := min(len(doc), from+int(uint(cut)%64))
		mutant := slices.Concat(doc[:from], []byte(put), doc[to:])
		if a, err := verify(t, mutant, want); err == nil && !cmp.Equal(said, a) {
			t.Errorf("Verify(%q) = %+v, want what the provider said", mutant, a)
		}
	})
}
