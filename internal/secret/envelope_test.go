package secret_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func TestSEC_01_SealedValueHoldsNoPlaintext(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	const canary = "canary-9d1c7e55"
	for _, plaintext := range []string{"", canary, string(bytes.Repeat([]byte(canary), 1000))} {
		sealed := seal(t, ring, plaintext, place())
		if bytes.Contains(sealed, []byte(canary)) {
			t.Errorf("Seal(%.20q) contains the plaintext", plaintext)
		}
		if want := 2 + len("k1") + 60 + 28 + len(plaintext); len(sealed) != want {
			t.Errorf("len(Seal(%.20q)) = %d, want %d", plaintext, len(sealed), want)
		}
		got, err := ring.Open(sealed, place())
		if err != nil || string(got) != plaintext {
			t.Errorf("Open(Seal(%.20q)) = %.20q, %v", plaintext, got, err)
		}
	}
}

func TestSEC_01_PlaceMustBeNamed(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	for _, aad := range []secret.AAD{{}, {Table: "connections"}, {Row: "con_1", Tenant: "tnt_1"}} {
		if _, err := ring.Seal([]byte("hunter2"), aad); err == nil {
			t.Errorf("Seal(%+v) = nil error, want an error", aad)
		}
	}
}

func TestSEC_02_CiphertextMovedBetweenRows(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	sealed := seal(t, ring, "hunter2", secret.AAD{Table: "ab", Row: "cd", Tenant: "ef"})
	for _, other := range []secret.AAD{
		{Table: "ab", Row: "cd", Tenant: "xx"},
		{Table: "ab", Row: "xx", Tenant: "ef"},
		{Table: "xx", Row: "cd", Tenant: "ef"},
		{Table: "ab", Row: "cd"},
		{Table: "a", Row: "bcd", Tenant: "ef"}, // the same letters, cut elsewhere
		{Table: "ab", Row: "cde", Tenant: "f"},
		{Table: "cd", Row: "ab", Tenant: "ef"},
		{},
	} {
		if got, err := ring.Open(sealed, other); got != nil || !errors.Is(err, secret.ErrTampered) {
			t.Errorf("Open at %+v = %q, %v, want ErrTampered", other, got, err)
		}
		if got, _, err := ring.Rewrap(sealed, other); got != nil || !errors.Is(err, secret.ErrTampered) {
			t.Errorf("Rewrap at %+v = %q, %v, want ErrTampered", other, got, err)
		}
	}
}

func TestSEC_02_DataKeyOfAnotherRow(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	a, b := place(), place()
	b.Row = "con_2"
	first, second := seal(t, ring, "first", a), seal(t, ring, "second", b)
	const header = 2 + len("k1") + 60
	spliced := append(slices.Clone(first[:header]), second[header:]...)
	for _, aad := range []secret.AAD{a, b} {
		if got, err := ring.Open(spliced, aad); got != nil || !errors.Is(err, secret.ErrTampered) {
			t.Errorf("Open(spliced) at %+v = %q, %v, want ErrTampered", aad, got, err)
		}
	}
}

func TestSEC_03_TruncatedCiphertext(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	sealed := seal(t, ring, "hunter2", place())
	for n := range sealed {
		if got, err := ring.Open(sealed[:n], place()); got != nil || !errors.Is(err, secret.ErrTampered) {
			t.Errorf("Open(first %d bytes) = %q, %v, want ErrTampered", n, got, err)
		}
	}
	if got, err := ring.Open(append(slices.Clone(sealed), 0), place()); got != nil || !errors.Is(err, secret.ErrTampered) {
		t.Errorf("Open(one byte more) = %q, %v, want ErrTampered", got, err)
	}
}

func TestSEC_03_FlippedBit(t *testing.T) {
	t.Parallel()
	// Two keys whose ids differ in one bit, so that a flip can also lead to a key that exists.
	ring := newKeyring(t, "k0:"+strongKey()+",k1:"+strongKey())
	sealed := seal(t, ring, "hunter2", place())
	for bit := range 8 * len(sealed) {
		flipped := slices.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		got, err := ring.Open(flipped, place())
		if got != nil || (!errors.Is(err, secret.ErrTampered) && !errors.Is(err, secret.ErrUnknownKey)) {
			t.Errorf("Open with bit %d flipped = %q, %v, want an error", bit, got, err)
		}
	}
}

func TestSEC_03_UnknownKeyAndVersion(t *testing.T) {
	t.Parallel()
	sealed := seal(t, newKeyring(t, "old:"+strongKey()), "hunter2", place())
	ring := newKeyring(t, "new:"+strongKey())
	if got, err := ring.Open(sealed, place()); got != nil || !errors.Is(err, secret.ErrUnknownKey) {
		t.Errorf("Open under an unknown key = %q, %v, want ErrUnknownKey", got, err)
	}
	for _, version := range []byte{0, 2, '{', 255} {
		downgraded := append([]byte{version}, sealed[1:]...)
		if got, err := ring.Open(downgraded, place()); got != nil || !errors.Is(err, secret.ErrTampered) {
			t.Errorf("Open(version %d) = %q, %v, want ErrTampered", version, got, err)
		}
	}
	if got, err := ring.Open([]byte("plaintext that was never sealed"), place()); got != nil || err == nil {
		t.Errorf("Open(plaintext) = %q, %v, want an error", got, err)
	}
}

func TestSEC_05_RotationCanStopAnywhere(t *testing.T) {
	t.Parallel()
	oldKey, newKey := "k1:"+strongKey(), "k2:"+strongKey()
	before, during, after := newKeyring(t, oldKey), newKeyring(t, newKey+","+oldKey), newKeyring(t, newKey)

	const rows = 10
	aadOf := func(i int) secret.AAD { return secret.AAD{Table: "connections", Row: fmt.Sprint(i), Tenant: "tnt_1"} }
	column := make([][]byte, rows)
	for i := range column {
		column[i] = seal(t, before, fmt.Sprint("secret ", i), aadOf(i))
	}
	// After every single step, each row is readable by a process that has both keys.
	for step := range column {
		rewrapped, changed, err := during.Rewrap(column[step], aadOf(step))
		if err != nil || !changed {
			t.Fatalf("Rewrap(row %d) = changed %t, %v, want true, nil", step, changed, err)
		}
		column[step] = rewrapped
		for i := range column {
			got, err := during.Open(column[i], aadOf(i))
			if want := fmt.Sprint("secret ", i); err != nil || string(got) != want {
				t.Fatalf("step %d: Open(row %d) = %q, %v, want %q", step, i, got, err, want)
			}
		}
	}
	for i := range column {
		again, changed, err := during.Rewrap(column[i], aadOf(i))
		if err != nil || changed || !bytes.Equal(again, column[i]) {
			t.Errorf("second Rewrap(row %d) = changed %t, %v, want false, nil and the same bytes", i, changed, err)
		}
		if got, err := after.Open(column[i], aadOf(i)); err != nil {
			t.Errorf("Open(row %d) with the new key alone = %q, %v", i, got, err)
		}
		if _, err := before.Open(column[i], aadOf(i)); !errors.Is(err, secret.ErrUnknownKey) {
			t.Errorf("Open(row %d) with the old key alone = %v, want ErrUnknownKey", i, err)
		}
	}
}

func TestSEC_05_RewrapRefusesDamage(t *testing.T) {
	t.Parallel()
	oldKey := "k1:" + strongKey()
	sealed := seal(t, newKeyring(t, oldKey), "hunter2", place())
	ring := newKeyring(t, "k2:"+strongKey()+","+oldKey)
	sealed[20] ^= 1
	if got, changed, err := ring.Rewrap(sealed, place()); got != nil || changed || !errors.Is(err, secret.ErrTampered) {
		t.Errorf("Rewrap(damaged) = %q, %t, %v, want ErrTampered", got, changed, err)
	}
}

func TestSEC_06_NoncesAreUnique(t *testing.T) {
	t.Parallel()
	ring := newKeyring(t, "k1:"+strongKey())
	const seals, header, nonce = 100_000, 2 + len("k1"), 12
	wraps, values := make(map[string]bool, seals), make(map[string]bool, seals)
	for range seals {
		sealed := seal(t, ring, "", place())
		wraps[string(sealed[header:header+nonce])] = true
		values[string(sealed[header+60:header+60+nonce])] = true
	}
	if len(wraps) != seals || len(values) != seals {
		t.Errorf("%d seals used %d wrapping nonces and %d value nonces, want all distinct", seals, len(wraps), len(values))
	}
}

func FuzzOpen(f *testing.F) {
	ring := newKeyring(f, "k1:"+strongKey()+",k2:"+strongKey())
	sealed := seal(f, ring, "hunter2", place())
	f.Add(sealed)
	f.Add(sealed[:2])
	f.Add([]byte{1, 255})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		got, err := ring.Open(input, place())
		if bytes.Equal(input, sealed) {
			return
		}
		if err == nil || got != nil {
			t.Errorf("Open(%x) = %q, nil, want an error: nobody sealed this", input, got)
		}
	})
}
