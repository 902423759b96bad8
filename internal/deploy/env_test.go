package deploy_test

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// writeEnv runs the script as an operator would.
func writeEnv(t *testing.T, path string) error {
	t.Helper()
	return exec.CommandContext(t.Context(), "../../hack/compose-env.sh", path).Run()
}

func readEnv(t *testing.T, path string) types.Mapping {
	t.Helper()
	env, err := dotenv.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func TestFreshSecretsAreEnoughToStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".env")
	if err := writeEnv(t, path); err != nil {
		t.Fatalf("compose-env.sh = %v, want nil", err)
	}

	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm != 0o600 {
		t.Errorf("mode of the file = %v, want -rw-------", perm)
	}
	env := readEnv(t, path)
	if _, err := load(t.Context(), env); err != nil {
		t.Errorf("load with the fresh secrets = %v, want nil", err)
	}
	id, key, _ := strings.Cut(env["GATEHOUSE_MASTER_KEYS"], ":")
	if id == "" {
		t.Error("the master key has no id")
	}
	for name, text := range map[string]string{"master key": key, "root secret": env["GATEHOUSE_ROOT_SECRET"]} {
		if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) != 32 {
			t.Errorf("%s has %d bytes and error %v, want 32 and nil", name, len(raw), err)
		}
	}
}

func TestSecretsDifferEachTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, path := range []string{one, two} {
		if err := writeEnv(t, path); err != nil {
			t.Fatal(err)
		}
	}
	second := readEnv(t, two)
	seen := map[string]string{}
	for name, value := range readEnv(t, one) {
		if value == second[name] {
			t.Errorf("%s is the same in two files", name)
		}
		if other, ok := seen[value]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[value] = name
	}
}

// What the old master key encrypted could not be read with a new one.
func TestSecretsThatExistAreKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte("KEEP=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeEnv(t, path); err == nil {
		t.Error("compose-env.sh over an existing file = nil, want an error")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "KEEP=1\n" {
		t.Errorf("the file afterwards = %q, %v, want it untouched", text, err)
	}
}
