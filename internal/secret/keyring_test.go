package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func TestSEC_04_MissingOrWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	good := strongKey()
	for name, test := range map[string]struct{ spec, want string }{
		"empty":         {"", "no key"},
		"blank":         {"  ", "no key"},
		"no id":         {good, "want id:base64"},
		"empty id":      {":" + good, "want id:base64"},
		"upper-case id": {"K1:" + good, "want id:base64"},
		"long id":       {strings.Repeat("k", 33) + ":" + good, "want id:base64"},
		"not base64":    {"k1:" + good[:len(good)-2] + "!!", "not the base64 of 32 bytes"},
		"31 bytes":      {"k1:" + base64.StdEncoding.EncodeToString(secret.Random(31)), "not the base64 of 32 bytes"},
		"33 bytes":      {"k1:" + base64.StdEncoding.EncodeToString(secret.Random(33)), "not the base64 of 32 bytes"},
		"no key":        {"k1:", "not the base64 of 32 bytes"},
		"trailing":      {"k1:" + good + ",", "key 2: want id:base64"},
		"id twice":      {"k1:" + good + ",k1:" + strongKey(), "key 2 (k1): the id is used twice"},
		"key twice":     {"k1:" + good + ",k2:" + good, "key 2 (k2): the same key as k1"},
	} {
		ring, err := secret.ParseKeyring(test.spec)
		if err == nil || ring != nil {
			t.Errorf("%s: ParseKeyring = %v, %v, want an error", name, ring, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: ParseKeyring error = %q, want it to contain %q", name, err, test.want)
		}
		if strings.Contains(err.Error(), good[:16]) {
			t.Errorf("%s: ParseKeyring error repeats the key", name)
		}
	}
}

func TestSEC_04_AllMistakesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := secret.ParseKeyring("nonsense,k2:short," + "k3:" + base64.StdEncoding.EncodeToString(make([]byte, 32)))
	for _, want := range []string{"key 1:", "key 2 (k2):", "key 3 (k3):"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseKeyring error = %v, want it to contain %q", err, want)
		}
	}
}

func TestSEC_04_OtherKeyUnderTheSameIDDoesNotOpen(t *testing.T) {
	t.Parallel()
	sealed := seal(t, newKeyring(t, "k1:"+strongKey()), "hunter2", place())
	got, err := newKeyring(t, "k1:"+strongKey()).Open(sealed, place())
	if got != nil || !errors.Is(err, secret.ErrTampered) {
		t.Errorf("Open with another key = %q, %v, want ErrTampered", got, err)
	}
}

func TestSEC_08_ExampleKeysAreRefused(t *testing.T) {
	t.Parallel()
	counting := make([]byte, 32)
	for i := range counting {
		counting[i] = byte(3 * i)
	}
	for name, key := range map[string][]byte{
		"all zero":       make([]byte, 32),
		"one byte":       bytes.Repeat([]byte{0xa5}, 32),
		"two bytes":      bytes.Repeat([]byte{0x01, 0xfe}, 16),
		"a short cycle":  bytes.Repeat(secret.Random(8), 4),
		"counting":       counting,
		"a phrase":       []byte("gatehouse-development-key-0001!!"),
		"mostly zero":    append(make([]byte, 20), secret.Random(12)...),
		"printed in hex": []byte("9f86d081884c7d659a2feaa0c55ad015"),
	} {
		text := base64.StdEncoding.EncodeToString(key)
		if _, err := secret.ParseKeyring("k1:" + text); !errors.Is(err, secret.ErrKeyWeak) {
			t.Errorf("%s: ParseKeyring error = %v, want ErrKeyWeak", name, err)
		}
		if _, err := secret.ParseKey(text); !errors.Is(err, secret.ErrKeyWeak) {
			t.Errorf("%s: ParseKey error = %v, want ErrKeyWeak", name, err)
		}
		if _, err := secret.DevKeyring("k1:" + text); err != nil {
			t.Errorf("%s: DevKeyring error = %v, want nil", name, err)
		}
	}
}

func TestSEC_08_GeneratedKeysAreAccepted(t *testing.T) {
	t.Parallel()
	for range 10_000 {
		text := strongKey()
		if _, err := secret.ParseKey(text); err != nil {
			t.Fatalf("ParseKey(%q) = %v, want nil", text, err)
		}
	}
}
