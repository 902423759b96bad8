package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
)

const logins = 20

// callback measures from the provider's redirect to the session, over a development server, since the provider is on this machine and
// production never speaks http to one.
func (w *world) callback(ctx context.Context, _ load) ([]Row, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	idps, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: "acme", Users: []testidp.User{{Login: "mia", Email: "mia@acme.example", EmailVerified: true, Name: "Mia"}},
		Clients: []testidp.Client{{ID: "gatehouse", Secret: "bench-secret"}},
	})
	if err != nil {
		return nil, fmt.Errorf("start the provider: %w", err)
	}
	defer stop()
	data := filepath.Join(w.dir, "dev")
	base := "http://" + addr
	c := exec.CommandContext(ctx, filepath.Join(w.dir, "gatehouse"), "dev", "--demo=false", "--addr", addr, "--data", data) //nolint:gosec // built above
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the development server: %w", err)
	}
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	}()
	if err := waitFor(ctx, base+"/readyz"); err != nil {
		return nil, err
	}
	provider := idps.Provider("acme")
	if err := w.connect(ctx, base, data, provider.URL()); err != nil {
		return nil, fmt.Errorf("connect the provider: %w", err)
	}
	var took []float64
	for range logins {
		d, err := login(ctx, base, provider)
		if err != nil {
			return nil, fmt.Errorf("sign in: %w", err)
		}
		took = append(took, float64(d.Microseconds())/1000)
	}
	slices.Sort(took)
	return []Row{{Name: "OIDC callback, token exchange included", Value: took[len(took)/2], Unit: "ms", Met: true}}, nil
}

// connect sets a tenant up as a script would: by the command line and the API.
func (w *world) connect(ctx context.Context, base, data, issuer string) error {
	cli := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, filepath.Join(w.dir, "gatehouse"), append(args, "--data", data)...).CombinedOutput() //nolint:gosec // built above
		if err != nil {
			return "", fmt.Errorf("gatehouse %s: %w: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out)), nil
	}
	if _, err := cli("tenant", "create", "--slug", "acme", "--plan", "enterprise", "--owner", "olivia@acme.example"); err != nil {
		return err
	}
	key, err := cli("apikey", "create", "--tenant", "acme", "--role", "admin")
	if err != nil {
		return err
	}
	var made struct {
		ID string `json:"id"`
	}
	body := fmt.Sprintf(`{"name":"Acme","issuer":%q,"client_id":"gatehouse","client_secret":"bench-secret"}`, issuer)
	if err := call(ctx, key, base+"/v1/connections", body, &made); err != nil {
		return err
	}
	if err := call(ctx, key, base+"/v1/connections/"+made.ID+"/activate", "", nil); err != nil {
		return err
	}
	if _, err := cli("domain", "add", "acme.example", "--tenant", "acme"); err != nil {
		return err
	}
	_, err = cli("domain", "verify", "acme.example", "--tenant", "acme", "--connection", made.ID)
	return err
}

func call(ctx context.Context, key, address, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("X-API-Key", key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return fmt.Errorf("call: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s: %d: %s", address, res.StatusCode, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// login goes from the typed address to the session and returns how long the callback took.
func login(ctx context.Context, base string, provider *testidp.Provider) (time.Duration, error) {
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/login", strings.NewReader(url.Values{"email": {"mia@acme.example"}}.Encode()))
	if err != nil {
		return 0, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", base)
	res, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	_ = res.Body.Close()
	back, err := provider.Authorize(ctx, res.Header.Get("Location"), "mia")
	if err != nil {
		return 0, fmt.Errorf("at the provider: %w", err)
	}
	if req, err = http.NewRequestWithContext(ctx, http.MethodGet, back, http.NoBody); err != nil {
		return 0, fmt.Errorf("make a request: %w", err)
	}
	for _, c := range res.Cookies() {
		req.AddCookie(c)
	}
	begin := time.Now()
	if res, err = client.Do(req); err != nil {
		return 0, fmt.Errorf("come back: %w", err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) < 2 {
		return 0, errors.New("the callback made no session: " + res.Status)
	}
	return time.Since(begin), nil
}
