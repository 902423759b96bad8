package main

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// TestTheREADME does what the README shows with curl.
func TestTheREADME(t *testing.T) {
	t.Parallel()
	database := testdb.New(t)
	root := secret.Random(secret.KeySize)
	addr := freeAddr(t)
	env := map[string]string{
		"AICHAT_ADDR": addr, "GATEHOUSE_DATABASE_URL": database.URL, "GATEHOUSE_ROOT_SECRET": base64.StdEncoding.EncodeToString(root),
		"GATEHOUSE_MASTER_KEYS": "test:" + base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize)),
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, func(name string) string { return env[name] }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run = %v", err)
		}
	})
	await(t, "http://"+addr+"/readyz")

	keys := tenants.Keys{Pepper: secret.Root(root).Derive("api keys")}
	acme, viewer := apiKeys(t, database.URL, keys, billing.Enterprise)
	initech, _ := apiKeys(t, database.URL, keys, billing.Free)
	for _, c := range []struct {
		who, path, key string
		status         int
		says           string
	}{
		{"acme", "/api/chat", acme, 200, "You said: hello"},
		{"acme", "/api/agents", acme, 200, "started"},
		{"initech", "/api/chat", initech, 200, `"plan":"free"`},
		{"initech", "/api/agents", initech, 403, `"needs_plan":"pro"`},
		{"a viewer", "/api/chat", viewer, 403, `"needs_role":"member"`},
		{"nobody", "/api/chat", "", 401, "unauthenticated"},
	} {
		status, body := post(t, "http://"+addr+c.path, c.key)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s at %s = %d %s, want %d with %s", c.who, c.path, status, body, c.status, c.says)
		}
	}
	if status, _ := get(t, "http://"+addr+"/login"); status != http.StatusOK { // mounted beside the product's own routes
		t.Errorf("GET /login = %d, want 200", status)
	}
}

// apiKeys makes a tenant on a plan, and a member's and a viewer's key of it.
func apiKeys(t *testing.T, url string, keys tenants.Keys, plan billing.Plan) (member, viewer string) {
	t.Helper()
	ctx := authn.AsOperator(t.Context())
	d, err := db.Open(ctx, db.Config{URL: url, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
		name := "on-" + string(plan)
		if _, _, err := tenants.Create(ctx, sys, tx, tenants.New{Slug: name, Name: name, Plan: plan, Owner: "owner@" + name + ".test"}); err != nil {
			return err
		}
		for role, to := range map[rbac.Role]*string{rbac.Member: &member, rbac.Viewer: &viewer} {
			_, cred, err := keys.Create(ctx, tx, tenants.NewKey{Name: string(role), Role: role})
			if err != nil {
				return err
			}
			*to = cred.String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return member, viewer
}

func post(t *testing.T, url, key string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"message":"hello"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	return do(t, req)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func await(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if status, _ := get(t, url); status == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s does not answer", url)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
