package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// The addresses in the configurations under docs/, which the tests exchange for free ones.
const (
	docProxy     = ":8000"
	docGatehouse = "127.0.0.1:8080"
	docProduct   = "127.0.0.1:3000"
)

func TestForwardAuthBehindNginx(t *testing.T) {
	t.Parallel()
	site := newForwarded(t)
	site.nginx(t)
	site.holds(t)
	site.goesDown(t, http.StatusInternalServerError)
}

// nginx starts nginx with the documented server.
func (f *forwarded) nginx(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	conf := "daemon off; master_process off; error_log stderr; pid nginx.pid; events {}\nhttp { access_log off;\n" +
		"client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n" +
		f.configuration(t, "nginx.conf") + "\n}\n"
	writeFile(t, filepath.Join(dir, "nginx.conf"), conf)
	f.run(t, f.port, "nginx", "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
}

func TestForwardAuthBehindCaddy(t *testing.T) {
	t.Parallel()
	site := newForwarded(t)
	file := filepath.Join(t.TempDir(), "Caddyfile")
	writeFile(t, file, "{\n\tadmin off\n}\n"+site.configuration(t, "Caddyfile"))
	site.run(t, site.port, "caddy", "run", "--adapter", "caddyfile", "--config", file)
	site.holds(t)
	site.goesDown(t, http.StatusBadGateway)
}

// forwarded is Gatehouse and a product, with a place for a proxy before them.
type forwarded struct {
	*apitest.Server
	url       string // of the proxy
	port      string
	gatehouse *httptest.Server // stands before Gatehouse, so that it can go down
	product   string           // the address of the product
}

func newForwarded(t *testing.T, changes ...func(*gatehouse.Config)) *forwarded {
	t.Helper()
	f := &forwarded{port: freePort(t)}
	f.url = "http://localhost:" + f.port
	f.Server = apitest.Start(t, append(changes, func(c *gatehouse.Config) {
		c.Hosts = []string{strings.TrimPrefix(c.BaseURL, "http://")} // what the harness itself asks for
		c.BaseURL = f.url
	})...)
	f.gatehouse = httptest.NewServer(f.Handler)
	t.Cleanup(f.gatehouse.Close)
	product := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]any{"headers": r.Header, "path": r.URL.RequestURI(), "body": string(body)})
	}))
	t.Cleanup(product.Close)
	f.product = product.Listener.Addr().String()
	return f
}

// configuration is a file of the documentation, with the addresses of this test.
func (f *forwarded) configuration(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "forward-auth", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for from, to := range map[string]string{
		docProxy: ":" + f.port, docGatehouse: f.gatehouse.Listener.Addr().String(), docProduct: f.product,
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("%s does not have the address %s", name, from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

// run starts a program that listens on a port, until the test ends.
func (f *forwarded) run(t *testing.T, port, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	home := t.TempDir()
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home,
		"PORT=" + port, "GATEHOUSE_URL=" + f.url,
	}
	if path, err := exec.LookPath(name); err != nil {
		cmd.Path, cmd.Err = "/usr/sbin/"+name, nil // where Debian has daemons, off the path of users
	} else {
		cmd.Path = path
	}
	cmd.SysProcAttr = mortal()
	said := &transcript{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v (hack/deps.sh installs it)", name, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, tail(said.String(), 4000))
		}
	})
	within(t, patience, name+" answers", func() bool {
		c, err := net.DialTimeout("tcp", "localhost:"+port, time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

type passed struct {
	Headers    http.Header
	Path, Body string
}

func (f *forwarded) ask(t *testing.T, method, path string, header map[string]string) (*http.Response, passed, string) {
	t.Helper()
	var body io.Reader = http.NoBody
	if method == http.MethodPost {
		body = strings.NewReader(`{"message":"hello"}`)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header[name] = []string{value} // as it is written: some names are spelled on purpose
	}
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p passed
	if res.StatusCode == http.StatusOK {
		_ = json.Unmarshal(raw, &p) // zero if it is not the product's
	}
	return res, p, string(raw)
}

// holds is what every proxy must do.
func (f *forwarded) holds(t *testing.T) {
	t.Helper()
	pro, free := f.NewTenant(t, billing.Pro), f.NewTenant(t, billing.Free)
	session := f.Session(t, pro, rbac.Member)
	key, small, viewer := f.APIKey(t, pro, rbac.Member), f.APIKey(t, free, rbac.Member), f.APIKey(t, pro, rbac.Viewer)
	cookie := sessions.AccessCookie + "=" + session.Access
	for _, c := range []struct {
		what, method, path string
		header             map[string]string
		status             int
		body               string
	}{
		{"a token", "POST", "/api/chat", map[string]string{"Authorization": "Bearer " + session.Access}, 200, "hello"},
		{"a key", "POST", "/api/agents", map[string]string{"X-Api-Key": key.Secret}, 200, "hello"},
		{"a page", "POST", "/api/chat", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}, 200, "hello"},
		{"another site's page", "POST", "/api/chat", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, 403, `"cross_site"`},
		{"a link of another site", "GET", "/app/board", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, 200, "/app/board"},
		{"nobody", "POST", "/api/chat", nil, 401, `"unauthenticated"`},
		{"a viewer", "POST", "/api/chat", map[string]string{"X-Api-Key": viewer.Secret}, 403, `"role_lacks_permission"`},
		{"a small plan", "POST", "/api/agents", map[string]string{"X-Api-Key": small.Secret}, 403, `"feature_not_in_plan"`},
		{"what nobody guards", "GET", "/internal", map[string]string{"X-Api-Key": key.Secret}, 404, ""},
		{"Gatehouse itself", "GET", "/v1/me", map[string]string{"X-Api-Key": key.Secret}, 200, pro.ID.String()},
		{"the query of another", "POST", "/api/agents?permission=self&feature=sso", map[string]string{"X-Api-Key": small.Secret}, 403, ""},
		{"a path that leads elsewhere", "POST", "/api/chat/../agents", map[string]string{"X-Api-Key": small.Secret}, 0, ""},
	} {
		res, _, body := f.ask(t, c.method, c.path, c.header)
		if c.status == 0 && res.StatusCode < 300 || c.status != 0 && res.StatusCode != c.status || !strings.Contains(body, c.body) && !strings.Contains(body, strings.ReplaceAll(c.body, `"`, `\"`)) {
			t.Errorf("%s: %s %s = %d %s, want %d with %s", c.what, c.method, c.path, res.StatusCode, body, c.status, c.body)
		}
	}
	f.strips(t, key, pro)
	for path, want := range map[string]string{"/app/board?a=1": "/login/resume?return_to=/app/board?a=1", "/app//evil.test": "/login/resume?return_to=/app//evil.test", "/": "/app/buttons"} {
		if res, _, _ := f.ask(t, "GET", path, nil); res.StatusCode != 303 || res.Header.Get("Location") != want {
			t.Errorf("GET %s by nobody = %d to %s, want 303 to %s", path, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	res, _, _ := f.ask(t, "GET", "/login/resume?return_to=/app//evil.test", map[string]string{"Cookie": sessions.RefreshCookie + "=" + session.Refresh})
	if res.StatusCode != 303 || res.Header.Get("Location") != "/" || len(res.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("resume = %d to %s with %d cookies, want 303 to / with 2", res.StatusCode, res.Header.Get("Location"), len(res.Header.Values("Set-Cookie")))
	}
}

// strips sends made up identities, which must not reach the product.
func (f *forwarded) strips(t *testing.T, key apitest.Key, tenant *apitest.Tenant) {
	t.Helper()
	header := map[string]string{"X-Api-Key": key.Secret}
	for _, name := range []string{"Tenant", "User", "Member", "Key", "Role", "Plan", "Email"} {
		header["X-Gatehouse-"+name], header["X_Gatehouse_"+name], header["x-gatehouse-"+strings.ToLower(name)] = "made up", "made up", "made up"
	}
	_, p, body := f.ask(t, "POST", "/api/chat", header)
	if strings.Contains(body, "made up") || p.Path != "/api/chat" {
		t.Errorf("the product got %s", body)
	}
	want := map[string]string{"Tenant": tenant.ID.String(), "Key": key.ID.String(), "Role": "member", "Plan": "pro", "User": "", "Member": "", "Email": ""}
	for name, value := range want {
		if got := strings.Join(p.Headers["X-Gatehouse-"+name], "|"); got != value {
			t.Errorf("the product got X-Gatehouse-%s: %q, want %q", name, got, value)
		}
	}
}

// goesDown demands that nobody is let through when Gatehouse is gone.
func (f *forwarded) goesDown(t *testing.T, status int) {
	t.Helper()
	key := f.APIKey(t, f.NewTenant(t, billing.Pro), rbac.Member)
	f.gatehouse.CloseClientConnections()
	f.gatehouse.Close()
	if res, _, body := f.ask(t, "POST", "/api/chat", map[string]string{"X-Api-Key": key.Secret}); res.StatusCode != status {
		t.Errorf("with Gatehouse down = %d %s, want %d", res.StatusCode, body, status)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
