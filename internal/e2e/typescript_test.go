package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// TestTheTypeScriptProduct builds examples/aichat-ts with a client that is generated of the OpenAPI document, and runs it behind nginx.
func TestTheTypeScriptProduct(t *testing.T) {
	t.Parallel()
	dir := buildTypeScript(t)
	sold, err := os.ReadFile("../../examples/aichat-ts/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	site := newForwarded(t, func(c *gatehouse.Config) { c.Catalog = sold })
	port := freePort(t)
	site.product = net.JoinHostPort("127.0.0.1", port)
	site.run(t, port, "node", filepath.Join(dir, "dist", "server.js"))
	site.nginx(t)
	large, small := site.NewTenant(t, billing.Enterprise), site.NewTenant(t, billing.Free)
	member, poor, viewer := site.APIKey(t, large, rbac.Member), site.APIKey(t, small, rbac.Member), site.APIKey(t, large, rbac.Viewer)

	for _, c := range []struct {
		what, method, path string
		key                apitest.Key
		status             int
		says               string
	}{
		{"acme", "POST", "/api/chat", member, 200, `"reply":"You said: hello","tenant":"` + large.ID.String()},
		{"acme", "POST", "/api/agents", member, 200, `"status":"started","plan":"enterprise"`},
		{"acme's page", "GET", "/app/buttons", member, 200, `{"chat":true,"agents":true,"reports":false}`},
		{"initech", "POST", "/api/chat", poor, 200, `"plan":"free"`},
		{"initech", "POST", "/api/agents", poor, 403, "feature_not_in_plan"},
		{"a viewer", "POST", "/api/chat", viewer, 403, "role_lacks_permission"},
		{"a viewer's page", "GET", "/app/buttons", viewer, 200, `{"chat":false,"agents":false,"reports":false}`},
		{"nobody", "POST", "/api/chat", apitest.Key{Secret: "ghk_none"}, 401, "api_key_invalid"},
	} {
		res, _, body := site.ask(t, c.method, c.path, map[string]string{"X-Api-Key": c.key.Secret})
		if res.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s at %s = %d %s, want %d with %s", c.what, c.path, res.StatusCode, body, c.status, c.says)
		}
	}
	session := site.Session(t, large, rbac.Admin)
	page := map[string]string{"Cookie": "__Host-gatehouse_access=" + session.Access, "Sec-Fetch-Site": "same-origin"}
	if res, _, body := site.ask(t, "GET", "/app/buttons", page); res.StatusCode != http.StatusOK || !strings.Contains(body, `"reports":true`) {
		t.Errorf("an admin's page = %d %s, want all buttons", res.StatusCode, body)
	}
	askByScript(t, dir, site.url, member, large)

	// The free tier is 50 calls a day, of which one was used.
	chat := func(key apitest.Key) (int, http.Header, string) {
		res, _, body := site.ask(t, "POST", "/api/chat", map[string]string{"X-Api-Key": key.Secret})
		return res.StatusCode, res.Header, body
	}
	for n := range 49 {
		if status, _, body := chat(poor); status != http.StatusOK {
			t.Fatalf("call %d of initech = %d %s, want 200", n+2, status, body)
		}
	}
	status, header, body := chat(poor)
	if status != http.StatusTooManyRequests || !strings.Contains(body, `{"code":"quota_exceeded","limit":50,"used":50,"resets_at":"`) || !strings.Contains(body, `"needs_plan":"pro"`) ||
		header.Get("Retry-After") == "" {
		t.Errorf("the 51st call of initech = %d %v %s, want quota_exceeded with 50 of 50 used, pro and Retry-After", status, header, body)
	}
	if status, _, body := chat(member); status != http.StatusOK {
		t.Errorf("a call of acme = %d %s, want 200: its plan has no end", status, body)
	}
}

// askByScript runs the generated client against the server.
func askByScript(t *testing.T, dir, url string, key apitest.Key, tenant *apitest.Tenant) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "dist", "ask.js"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GATEHOUSE_URL=" + url, "GATEHOUSE_API_KEY=" + key.Secret}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ask: %v: %s", err, out)
	}
	var got struct {
		Tenant, Role  string
		Chat, Reports bool
		NeedsRole     string `json:"needs_role"`
		Permissions   []string
		Features      []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("ask printed %s: %v", out, err)
	}
	if len(got.Permissions) == 0 || len(got.Features) == 0 {
		t.Errorf("ask printed no permissions or no features: %s", out)
	}
	got.Permissions, got.Features = nil, nil
	want := got
	want.Tenant, want.Role, want.Chat, want.Reports, want.NeedsRole = tenant.ID.String(), "member", true, false, "admin"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ask (-want +got):\n%s", diff)
	}
}

// buildTypeScript builds the example in a copy, so that nothing of it stays behind.
func buildTypeScript(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "examples", "aichat-ts")
	for to, from := range map[string]string{filepath.Join(root, "api"): "../../api/openapi.yaml", filepath.Join(dir, "src"): "../../examples/aichat-ts/src/*.ts", dir: "../../examples/aichat-ts/*.json"} {
		if err := os.MkdirAll(to, 0o700); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(from)
		if err != nil || len(files) == 0 {
			t.Fatalf("there is no %s: %v", from, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(to, filepath.Base(file)), string(text))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, args := range [][]string{{"ci", "--no-audit", "--no-fund", "--ignore-scripts"}, {"run", "build"}} {
		cmd := exec.CommandContext(ctx, "npm", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm %v: %v\n%s", args, err, tail(string(out), 4000))
		}
	}
	return dir
}
