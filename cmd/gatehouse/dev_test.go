package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// dev starts gatehouse dev and waits until it is ready.
func dev(tb testing.TB, data string, args ...string) (*process, *client) {
	tb.Helper()
	return devBy(tb, program(nil, append([]string{"dev", "--addr", "127.0.0.1:0", "--data", data}, args...)...))
}

func devBy(tb testing.TB, cmd *exec.Cmd) (*process, *client) {
	tb.Helper()
	began := time.Now()
	p := start(tb, cmd)
	base := p.says(tb, p.out, `(?m)^gatehouse is ready at (http://127\.0\.0\.1:\d+)$`)[1]
	tb.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	return p, newClient(base)
}

// interrupt is Ctrl-C in a terminal: it reaches the whole process group.
func (p *process) interrupt(tb testing.TB) {
	tb.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		tb.Fatal(err)
	}
}

func TestDevFromItsFirstStartToItsLast(t *testing.T) {
	t.Parallel()
	data, idps := newFolder(t, os.Getuid()), freeAddress(t)
	p, c := dev(t, data, "--idp-addr", idps)
	accounts := p.says(t, p.out, `(?s)TENANT .*Ctrl-C`)[0]
	for _, tenant := range []string{"acme     enterprise  OpenID Connect", "globex   team        SAML          ", "initech  free        Google"} {
		for _, role := range []string{"owner", "admin", "member", "viewer"} {
			if !strings.Contains(accounts, tenant+"  "+role) && !strings.Contains(accounts, tenant+"          "+role) {
				t.Errorf("dev announced no %s of %s:\n%s", role, tenant, accounts)
			}
		}
	}
	mustBeSecret(t, data, "gatehouse.env", "secrets.env", "postgres.json", "postgres.log")

	c.signIn(t, "olivia@acme.example")
	olivia := c.me(t)
	for _, want := range []string{"olivia@acme.example", "Olivia Acme", `"owner"`, `"enterprise"`} {
		if !strings.Contains(olivia, want) {
			t.Errorf("/v1/me of olivia = %s, want %s in it", olivia, want)
		}
	}
	signedIn(t, c.base, "vito@initech.example", `"viewer"`, `"free"`, `"google"`)
	signedIn(t, c.base, "newcomer@globex.example", `"member"`, `"team"`, `"saml"`)

	if got := c.from(t, "localhost", "/login?a=b"); got.location != c.base+"/login?a=b" {
		t.Errorf("a browser at localhost gets %d %q, want to be sent to %s", got.status, got.location, c.base)
	}
	if got := c.from(t, "localhost", "/dev/mail"); got.status != http.StatusOK {
		t.Errorf("a browser at localhost gets %d for the mail, want it: a proxy at the base URL need not have it", got.status)
	}
	p.says(t, p.out, `outgoing mail `+c.base+`/dev/mail `)
	want := fmt.Sprintf("gatehouse dev already runs on %s, at %s", data, c.base)
	if got := fail(t, nil, "dev", "--data", data, "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0"); got != want {
		t.Errorf("a second dev said %q, want %q", got, want)
	}

	p.interrupt(t)
	if code := p.wait(t); code != 0 {
		t.Errorf("dev ended with %d after Ctrl-C, want 0", code)
	}
	nothingLeft(t, data, address(t, c.base), idps)
	if got, want := fail(t, nil, "tenant", "list", "--data", data), "no gatehouse dev is running on "+data; got != want {
		t.Errorf("tenant list said %q, want %q", got, want)
	}

	// Another address of the providers: the same people, by the same connections.
	p, again := dev(t, data, "--idp-addr", "127.0.0.1:0")
	again.signIn(t, "olivia@acme.example")
	member := field(t, olivia, "membership_id")
	if got := again.me(t); !strings.Contains(got, member) {
		t.Errorf("/v1/me after the providers have moved = %s, want membership %s again", got, member)
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Errorf("dev ended with %d after SIGTERM, want 0", code)
	}
	nothingLeft(t, data, address(t, again.base))
}

func TestDevIsDrivenByItsFolder(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	_, c := dev(t, data, "--demo=false")
	if got, want := succeed(t, nil, "tenant", "list", "--data", data, "--json"), "[]\n"; got != want {
		t.Errorf("tenants without --demo = %s, want none", got)
	}
	made := decode[created](t, succeed(t, nil, "tenant", "create", "--data", data, "--slug", "hooli", "--plan", "enterprise", "--owner", "gavin@hooli.example", "--json"))
	if !strings.HasPrefix(made.Link, c.base+"/login/link#") {
		t.Errorf("the link is %s, want it at %s", made.Link, c.base)
	}
	eventually(t, "the owner's mail is there", func() bool {
		page := c.get(t, "/dev/mail").body
		return strings.Contains(page, "gavin@hooli.example") && strings.Contains(page, c.base+"/login/link#")
	})
	_, credential, _ := strings.Cut(made.Link, "#")
	if got := c.post(t, "/login/link", url.Values{"link": {credential}}); got.status != http.StatusSeeOther || !strings.Contains(c.me(t), "gavin@hooli.example") {
		t.Errorf("the owner's link = %d %s, want to be signed in", got.status, got.body)
	}
	key := decode[apiKey](t, succeed(t, nil, "apikey", "create", "--data", data, "--tenant", "hooli", "--role", "admin", "--json"))
	succeed(t, nil, "domain", "add", "hooli.example", "--tenant", "hooli", "--data", data)
	succeed(t, nil, "domain", "verify", "hooli.example", "--tenant", "hooli", "--data", data)
	script := newClient(c.base)
	script.key = key.Secret
	connection := script.connect(t)
	succeed(t, nil, "domain", "verify", "hooli.example", "--tenant", "hooli", "--connection", connection, "--data", data)
	signedIn(t, c.base, "richard@hooli.example", `"member"`, made.Tenant)
}

// connect makes a connection to a provider on this machine over HTTP, as a script does.
func (c *client) connect(tb testing.TB) string {
	tb.Helper()
	idp, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: "hooli", Clients: []testidp.Client{{ID: "gatehouse", Secret: "a secret"}},
		Users: []testidp.User{{Login: "richard", Subject: "1", Email: "richard@hooli.example", EmailVerified: true}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	status, out := c.call(tb, http.MethodPost, "/v1/connections", map[string]any{
		"name": "Hooli", "issuer": idp.Provider("hooli").URL(), "client_id": "gatehouse", "client_secret": "a secret",
	})
	connection, _ := out["id"].(string)
	if status != http.StatusCreated || connection == "" {
		tb.Fatalf("POST /v1/connections = %d %v", status, out)
	}
	if status, out := c.call(tb, http.MethodPost, "/v1/connections/"+connection+"/activate", nil); status != http.StatusOK {
		tb.Fatalf("activate = %d %v", status, out)
	}
	return connection
}

func TestDevRecoversFromWhatIsKilled(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	flags := []string{"--idp-addr", "127.0.0.1:0"}
	p, _ := dev(t, data, flags...)
	succeed(t, nil, "tenant", "create", "--data", data, "--slug", "kept", "--owner", "a@kept.example")
	p.signal(t, syscall.SIGKILL)
	p.wait(t)

	p, c := dev(t, data, flags...)
	signedIn(t, c.base, "mia@acme.example", `"member"`)
	if err := syscall.Kill(postmaster(t, data), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 1 {
		t.Errorf("dev ended with %d after Postgres was killed, want 1", code)
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	if got, want := lines[len(lines)-1], "gatehouse: postgres ended by itself: signal: killed; start again"; got != want {
		t.Errorf("dev said last %q, want %q", got, want)
	}

	p, c = dev(t, data, flags...)
	if got := succeed(t, nil, "tenant", "list", "--data", data); !strings.Contains(got, "kept") {
		t.Errorf("tenants after two kills = %s, want all that was there", got)
	}
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != 0 {
		t.Errorf("dev ended with %d after SIGINT, want 0", code)
	}
	nothingLeft(t, data, address(t, c.base))
}

func TestDevInterruptedWhileItStarts(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	for _, sign := range []string{"postgres.json", "postgres/data/PG_VERSION", "postgres/data/postmaster.pid", "secrets.env"} {
		p := start(t, program(nil, "dev", "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0", "--data", data))
		eventually(t, sign+" is there", func() bool {
			_, err := os.Stat(filepath.Join(data, sign))
			return err == nil
		})
		p.interrupt(t)
		if code, said := p.wait(t), p.stderr.String(); code != 0 && !strings.HasSuffix(said, "gatehouse: interrupted\n") {
			t.Errorf("dev, interrupted at %s, ended with %d and said %q", sign, code, said)
		}
		nothingLeft(t, data)
	}
	dev(t, data, "--idp-addr", "127.0.0.1:0")
}

func TestDevEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	p, _ := dev(t, data, "--demo=false")
	p.signal(t, syscall.SIGHUP)
	if code := p.wait(t); code != 0 {
		t.Errorf("dev, hung up, ended with %d and said %q", code, p.stderr)
	}
	nothingLeft(t, data)
}

func TestDevAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	uid, gid := ordinary(t)
	data := newFolder(t, uid)
	cmd := program([]string{"HOME=" + filepath.Dir(data)}, "dev", "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0", "--data", data)
	cmd.Dir = filepath.Dir(data)
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	p, c := devBy(t, cmd)
	signedIn(t, c.base, "adam@acme.example", `"admin"`)
	if info, err := os.Stat(filepath.Join(data, "postgres", "data")); err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(uid) {
		t.Errorf("the database is not in the user's folder: %v", err)
	}
	p.interrupt(t)
	if code := p.wait(t); code != 0 {
		t.Errorf("dev ended with %d after Ctrl-C, want 0", code)
	}
	nothingLeft(t, data, address(t, c.base))
}

// ordinary is this user, or another one if this is root.
func ordinary(tb testing.TB) (uid, gid int) {
	tb.Helper()
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid()
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		tb.Fatal(err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		tb.Fatal(err)
	}
	if gid, err = strconv.Atoi(u.Gid); err != nil {
		tb.Fatal(err)
	}
	return uid, gid
}

// signedIn signs somebody in and looks for texts in what /v1/me says.
func signedIn(tb testing.TB, base, email string, want ...string) {
	tb.Helper()
	c := newClient(base)
	c.signIn(tb, email)
	got := c.me(tb)
	for _, text := range append(want, email) {
		if !strings.Contains(got, text) {
			tb.Errorf("/v1/me of %s = %s, want %s in it", email, got, text)
		}
	}
}
