package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

const canary = "hunter2-canary"

// holders are the shapes in which secrets travel. The unexported field matters: fmt reads it by reflection.
type holders struct {
	Exported   secret.Text
	unexported secret.Text
	Pointer    *secret.Text
	List       []secret.Text
	Map        map[string]secret.Text
	pepper     secret.Pepper
	root       secret.RootKey
	ring       *secret.Keyring
	Credential secret.Credential
}

func TestSEC_07_NoPrinterShowsASecret(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef" + canary + "!!")
	text := secret.New(canary)
	ring := newKeyring(t, "k1:"+strongKey())
	credential := secret.Issue(secret.PrefixAPIKey, [16]byte{1}, [16]byte{2}, 0)
	copy(credential.Secret[:], key)
	held := holders{
		Exported: text, unexported: text, Pointer: &text, List: []secret.Text{text},
		Map: map[string]secret.Text{"k": text}, pepper: secret.NewPepper(key), root: secret.Root(key),
		ring: ring, Credential: credential,
	}
	leaks := []string{canary, fmt.Sprintf("%x", canary), "104 117 110 116 101 114", credential.String()[60:80]}
	check := func(printer, output string) {
		t.Helper()
		for _, leak := range leaks {
			if strings.Contains(output, leak) {
				t.Errorf("%s shows a secret: %s", printer, output)
			}
		}
	}

	for _, value := range []any{text, &text, held, &held, credential, &credential, held.pepper, held.root, ring, *ring} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			check(fmt.Sprintf("%T %s", value, verb), fmt.Sprintf(verb, value))
		}
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", value)
		check(fmt.Sprintf("%T slog", value), out.String())

		encoded, err := json.Marshal(value)
		if err != nil {
			t.Errorf("json.Marshal(%T): %v", value, err)
		}
		check(fmt.Sprintf("%T json", value), string(encoded))

		out.Reset()
		if err := template.Must(template.New("").Parse("{{.}}")).Execute(&out, value); err != nil {
			t.Errorf("template of %T: %v", value, err)
		}
		check(fmt.Sprintf("%T template", value), out.String())
	}
	if got := fmt.Sprint(text); got != "[redacted]" {
		t.Errorf("Sprint(Text) = %q, want [redacted]", got)
	}
}

func TestTextDecodesLikeAString(t *testing.T) {
	t.Parallel()
	var in struct {
		Secret secret.Text `json:"client_secret,omitzero"`
	}
	if err := json.Unmarshal([]byte(`{"client_secret":"`+canary+`"}`), &in); err != nil {
		t.Fatalf("Unmarshal: %v", err)
	}
	if got := in.Secret.Reveal(); got != canary {
		t.Errorf("Reveal() = %q, want %q", got, canary)
	}
	out, err := json.Marshal(in)
	if want := `{"client_secret":"[redacted]"}`; err != nil || string(out) != want {
		t.Errorf("Marshal = %s, %v, want %s", out, err, want)
	}
	if err := json.Unmarshal(out, &in); !errors.Is(err, secret.ErrPlaceholder) {
		t.Errorf("Unmarshal(%s) = %v, want ErrPlaceholder", out, err)
	}
	if got := in.Secret.Reveal(); got != canary {
		t.Errorf("after the placeholder Reveal() = %q, want %q", got, canary)
	}
}

func TestTextZeroAndEqual(t *testing.T) {
	t.Parallel()
	var zero secret.Text
	if !zero.IsZero() || !secret.New("").IsZero() || zero.Reveal() != "" {
		t.Errorf("zero Text: IsZero() = %t, New(\"\").IsZero() = %t", zero.IsZero(), secret.New("").IsZero())
	}
	if a := secret.New("a"); a.IsZero() || !a.Equal(secret.New("a")) || a.Equal(secret.New("b")) || a.Equal(zero) {
		t.Error("New(a): want equal to New(a) only")
	}
}
