package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/testidp"
)

const (
	// public is the address of the fleet. Nothing listens there: the visitor plays the load balancer.
	public = "http://localhost:8080"
	// idpHost is a public name, since production servers talk to no others; it stands in the certificate of net/http/httptest.
	idpHost = "example.com"
)

// fleet is an installation as in production: one database, and two processes of `gatehouse serve` with the same settings. They reach
// their identity providers over https, through an egress proxy that leads to ours.
type fleet struct {
	tb        testing.TB // whose end is the end of everything
	pg        *devpg.Cluster
	env       []string
	serving   string   // the program of the servers
	arguments []string // of serve
	idp       *testidp.Server
	servers   [2]*member
}

// member is one of the servers.
type member struct {
	*process
	address string
}

func startFleet(tb testing.TB, issuers ...testidp.Issuer) *fleet {
	tb.Helper()
	return startFleetWith(tb, nil, issuers...)
}

// startFleetWith adds settings to those of both servers.
func startFleetWith(tb testing.TB, settings []string, issuers ...testidp.Issuer) *fleet {
	tb.Helper()
	return startFleetServing(tb, program, nil, settings, issuers...)
}

// startFleetServing also says which build of the program serves, and adds arguments to `serve`.
func startFleetServing(tb testing.TB, serving string, arguments, settings []string, issuers ...testidp.Issuer) *fleet {
	tb.Helper()
	f := &fleet{tb: tb, serving: serving, arguments: arguments}
	f.startDatabase(tb, tb.TempDir())
	proxy, certificate := f.startProviders(tb, issuers)
	f.env = []string{
		"GATEHOUSE_DATABASE_URL=" + f.pg.URL("gatehouse_app", "gatehouse"),
		"GATEHOUSE_DATABASE_OWNER_URL=" + f.pg.URL(devpg.Superuser, "gatehouse"),
		"GATEHOUSE_MASTER_KEYS=e2e:" + randomKey(), "GATEHOUSE_ROOT_SECRET=" + randomKey(),
		"GATEHOUSE_BASE_URL=" + public, "GATEHOUSE_SMTP_URL=none", "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32",
		"GATEHOUSE_GOOGLE_CLIENT_ID=web", "GATEHOUSE_GOOGLE_CLIENT_SECRET=s3cret", "GATEHOUSE_GOOGLE_ISSUER=https://" + idpHost + "/google",
		"GATEHOUSE_EGRESS_PROXY=" + proxy, "SSL_CERT_FILE=" + certificate,
	}
	f.env = append(f.env, settings...)
	if out, err := command(f.env, "migrate", "up").CombinedOutput(); err != nil {
		tb.Fatalf("gatehouse migrate up: %v: %s", err, out)
	}
	for i := range f.servers {
		f.servers[i] = f.launch()
	}
	for i := range f.servers {
		f.awaitReady(tb, i)
	}
	return f
}

func randomKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

func (f *fleet) startDatabase(tb testing.TB, dir string) {
	tb.Helper()
	late := context.WithoutCancel(tb.Context())
	tb.Cleanup(func() {
		if err := devpg.Remove(late, dir); err != nil {
			tb.Errorf("remove the cluster: %v", err)
		}
	})
	var err error
	if f.pg, err = devpg.Start(tb.Context(), devpg.Config{Dir: dir}); err != nil {
		tb.Fatalf("start the database: %v", err)
	}
	tb.Cleanup(func() { _ = f.pg.Stop(late) })
	if err := f.pg.EnsureDatabase(tb.Context(), "gatehouse"); err != nil {
		tb.Fatalf("make the database: %v", err)
	}
}

// startProviders returns the address of the proxy and the file with the certificate of the providers.
func (f *fleet) startProviders(tb testing.TB, issuers []testidp.Issuer) (proxy, certificate string) {
	tb.Helper()
	var err error
	if f.idp, err = testidp.New(testidp.Config{BaseURL: "https://" + idpHost, Issuers: issuers}); err != nil {
		tb.Fatalf("make the identity providers: %v", err)
	}
	tb.Cleanup(f.idp.Close)
	web := httptest.NewTLSServer(f.idp)
	tb.Cleanup(web.Close)
	certificate = filepath.Join(tb.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(certificate, block, 0o600); err != nil {
		tb.Fatalf("write the certificate: %v", err)
	}
	egress := httptest.NewServer(connectTo(web.Listener.Addr().String()))
	tb.Cleanup(egress.Close)
	return egress.URL, certificate
}

// connectTo is an egress proxy that knows one host.
func connectTo(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != idpHost+":443" {
			http.Error(w, "this proxy leads to the identity providers alone", http.StatusForbidden)
			return
		}
		there, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		if _, err := io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
			return
		}
		go func() { // ends with the provider's side
			defer there.Close()
			_, _ = io.Copy(there, here)
		}()
		_, _ = io.Copy(here, there)
	})
}

func (f *fleet) launch() *member {
	f.tb.Helper()
	p := startProgram(f.tb, f.serving, f.env, append([]string{"serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off"}, f.arguments...)...)
	return &member{p, p.waitFor(f.tb, p.stderr, `"msg":"listening".*"address":"([^"]+)"`)[1]}
}

func (f *fleet) awaitReady(tb testing.TB, i int) {
	tb.Helper()
	v := f.visit(tb, i)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if a, err := v.try(http.MethodGet, "/readyz", nil); err == nil && a.status == http.StatusOK {
			return
		} else if time.Now().After(deadline) {
			tb.Fatalf("server %d is not ready: %v %v", i, a, err)
		}
	}
}

// visit is a new browser at one of the servers, from an address of its own.
func (f *fleet) visit(tb testing.TB, i int) *visitor {
	tb.Helper()
	v := newVisitor(tb, public, f.servers[i].address)
	var host [2]byte
	_, _ = rand.Read(host[:]) // never fails
	v.header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", host[0], host[1]))
	return v
}

// at is the same visitor at another server, as after a turn of the load balancer.
func (f *fleet) at(v *visitor, i int) *visitor {
	other := newVisitor(v.tb, public, f.servers[i].address)
	other.header, other.cookies = v.header, v.cookies
	return other
}

// tenant is one that an operator has made, with a verified domain and an API key that has the role admin.
type tenant struct {
	fleet *fleet

	slug, id, key string
}

func (f *fleet) tenant(tb testing.TB, slug, plan string) *tenant {
	tb.Helper()
	made := run[struct {
		ID string `json:"tenant_id"`
	}](tb, f.env, "tenant", "create", "--slug", slug, "--plan", plan, "--owner", "olga@"+slug+".example")
	key := run[struct {
		Secret string `json:"api_key"`
	}](tb, f.env, "apikey", "create", "--tenant", slug, "--role", "admin")
	run[any](tb, f.env, "domain", "add", slug+".example", "--tenant", slug)
	run[any](tb, f.env, "domain", "verify", slug+".example", "--tenant", slug)
	return &tenant{f, slug, made.ID, key.Secret}
}

func (t *tenant) admin(tb testing.TB, i int) *visitor {
	tb.Helper()
	return t.fleet.visit(tb, i).with("X-API-Key", t.key)
}

// owner is the owner, who came by a one-time link.
func (t *tenant) owner(tb testing.TB, i int) *visitor {
	tb.Helper()
	made := run[struct {
		Link string `json:"sign_in_link"`
	}](tb, t.fleet.env, "tenant", "link", "--tenant", t.slug, "--member", "olga@"+t.slug+".example")
	v := t.fleet.visit(tb, i)
	_, credential, _ := strings.Cut(made.Link, "#")
	v.post("/login/link", "link", credential).leads("/")
	return v
}

// connect gives the tenant its provider.
func (t *tenant) connect(tb testing.TB) {
	tb.Helper()
	admin := t.admin(tb, 0)
	made := decode[struct{ ID string }](admin.call(http.MethodPost, "/v1/connections", map[string]any{
		"name": t.slug, "issuer": "https://" + idpHost + "/" + t.slug, "client_id": "web", "client_secret": "s3cret",
	}).is(http.StatusCreated))
	admin.call(http.MethodPost, "/v1/connections/"+made.ID+"/activate", nil).is(http.StatusOK)
	run[any](tb, t.fleet.env, "domain", "verify", t.slug+".example", "--tenant", t.slug, "--connection", made.ID)
}

// signIn is a member, who came by the tenant's provider.
func (t *tenant) signIn(tb testing.TB, i int, login string) *visitor {
	tb.Helper()
	v := t.fleet.visit(tb, i)
	to := v.post("/login", "email", login+"@"+t.slug+".example").leads("https://" + idpHost + "/" + t.slug + "/")
	v.get(t.fleet.prove(tb, t.slug, to, login)).leads("/")
	return v
}

// prove plays the person at a provider and returns where that sends the browser.
func (f *fleet) prove(tb testing.TB, issuer, authorization, login string) string {
	tb.Helper()
	back, err := f.idp.Provider(issuer).Authorize(tb.Context(), authorization, login)
	if err != nil {
		tb.Fatalf("sign in at %s as %s: %v", issuer, login, err)
	}
	return back
}

// issuer is a provider with people who have verified addresses of the domain.
func issuer(name string, logins ...string) testidp.Issuer {
	i := testidp.Issuer{Name: name, Clients: []testidp.Client{{ID: "web", Secret: "s3cret"}}}
	for _, login := range logins {
		i.Users = append(i.Users, testidp.User{
			Login: login, Subject: name + "-" + login, Email: login + "@" + name + ".example", EmailVerified: true, Name: login,
		})
	}
	return i
}
