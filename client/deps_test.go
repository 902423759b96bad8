package client_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A product in another process must not carry our server around.
func TestItBringsNothingAlong(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	allowed := map[string]bool{"github.com/seed-2a059015/gatehouse/client": true, "github.com/golang-jwt/jwt/v5": true}
	found := strings.Fields(string(out))
	if len(found) != len(allowed) {
		t.Errorf("client needs %v, want %v", found, allowed)
	}
	for _, path := range found {
		if !allowed[path] {
			t.Errorf("client needs %s", path)
		}
	}
}
