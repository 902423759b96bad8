package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// Two servers on one database: whatever one of them learns, the other must act on within a second.
func TestFleet(t *testing.T) {
	t.Parallel()
	google := issuer("google")
	google.Profile = testidp.Google
	google.Users = []testidp.User{
		{Login: "zoe", Subject: "zoe", Email: "zoe@initech.example", EmailVerified: true, HostedDomain: "initech.example", Name: "Zoe"},
	}
	f := startFleet(t, issuer("acme", "mia", "max", "noah"), google)
	acme := f.tenant(t, "acme", "enterprise")
	acme.connect(t)

	// One after the other: the servers are rotated, drained and cut off from their database on the way.
	t.Run("switch", func(t *testing.T) { switchByGoogle(t, f) })                                 //nolint:paralleltest // see above
	t.Run("SES-25", func(t *testing.T) { distinctIDs(t, f, acme) })                              //nolint:paralleltest // see above
	t.Run("signing keys", func(t *testing.T) { rotateSigningKeys(t, f, acme) })                  //nolint:paralleltest // see above
	t.Run("drain", func(t *testing.T) { drain(t, f, acme) })                                     //nolint:paralleltest // see above
	t.Run("CH-02 CH-03 the database is killed", func(t *testing.T) { loseDatabase(t, f, acme) }) //nolint:paralleltest // see above
}

// A person of two tenants, who owns their account: it came by Google and by no tenant's provider. They switch where the policy of the
// target takes Google, and are sent to its own sign-in where it does not.
func switchByGoogle(t *testing.T, f *fleet) {
	t.Helper()
	initech, hooli := f.tenant(t, "initech", "free"), f.tenant(t, "hooli", "team")
	initech.admin(t, 0).call(http.MethodPatch, "/v1/tenant", map[string]any{"sign_in": map[string]any{"google_jit": true}}).is(http.StatusOK)

	// The owner of one tenant proves both: the link, and then the account at Google.
	owner := hooli.owner(t, 0)
	asked := decode[struct {
		URL string `json:"authorization_url"`
	}](owner.call(http.MethodPost, "/v1/connections/"+id.Google.String()+"/link", nil).is(http.StatusOK))
	owner.get(f.prove(t, "google", asked.URL, "zoe")).leads("/")

	v := f.visit(t, 1)
	byGoogle := func(fields ...string) {
		t.Helper()
		to := v.post("/login/google", fields...).leads("https://" + idpHost + "/google/")
		v.get(f.prove(t, "google", to, "zoe")).leads("/")
	}
	byGoogle()
	if got := v.me(); got.Tenant.Slug != "hooli" || got.Role != "owner" || got.Session.Method != "google" {
		t.Fatalf("with Google alone, me = %+v, want the owner of hooli", got)
	}
	byGoogle("tenant", "initech")
	if got := v.me(); got.Tenant.Slug != "initech" || got.Role != "member" || got.User != owner.me().User {
		t.Fatalf("with Google at initech, me = %+v, want the same person as a new member", got)
	}
	v.get("/").is(http.StatusOK).shows("hooli")
	v.call(http.MethodPost, "/v1/session/switch", map[string]string{"tenant_id": hooli.id}).is(http.StatusOK)
	if got := v.me(); got.Tenant.Slug != "hooli" || got.Role != "owner" {
		t.Errorf("after the switch, me = %+v, want the owner of hooli", got)
	}
	v.post("/switch", "tenant", initech.id).leads("/")
	if got := v.me(); got.Tenant.Slug != "initech" {
		t.Errorf("after the switch back, me = %+v, want initech", got)
	}

	hooli.admin(t, 0).call(http.MethodPatch, "/v1/tenant", map[string]any{"sign_in": map[string]any{"google_enabled": false}}).is(http.StatusOK)
	refused := v.call(http.MethodPost, "/v1/session/switch", map[string]string{"tenant_id": hooli.id}).refused(http.StatusForbidden, "sso_required")
	refused.shows("/login/hooli")
	v.post("/switch", "tenant", hooli.id).leads("/login/hooli")
	acme := run[[]struct {
		ID   string `json:"tenant_id"`
		Slug string
	}](t, f.env, "tenant", "list")
	for _, other := range acme {
		if other.Slug == "acme" {
			v.call(http.MethodPost, "/v1/session/switch", map[string]string{"tenant_id": other.ID}).refused(http.StatusNotFound, "not_found")
		}
	}
}

// Two processes that began from the same state make nothing that is the same.
func distinctIDs(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	const each = 100
	var mu sync.Mutex
	seen := map[string]int{}
	var all sync.WaitGroup
	for i := range f.servers {
		v := acme.signIn(t, i, "noah")
		note := func(values ...string) {
			mu.Lock()
			defer mu.Unlock()
			for _, value := range values {
				seen[value]++
			}
		}
		note(v.cookies[accessCookie], v.cookies[refreshCookie], v.me().Session.ID)
		all.Go(func() {
			for range each {
				a, err := v.try(http.MethodPost, "/v1/check", strings.NewReader(`{"permission":"chat:use"}`),
					"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
				if err != nil || a.status != http.StatusOK {
					t.Errorf("check at server %d = %v, %v", i, a, err)
					return
				}
				note(a.header.Get("X-Request-Id"), a.body[strings.Index(a.body, "dec_"):][:30])
			}
		})
	}
	all.Wait()
	if len(seen) != 2*(3+2*each) {
		t.Errorf("two servers made %d different ids, want %d", len(seen), 2*(3+2*each))
	}
}

// drain asks a server to stop while a request is under way: it takes no new ones, and answers that one.
func drain(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	v := acme.signIn(t, 1, "mia")
	leaving := f.servers[1]
	body, more := io.Pipe()
	type outcome struct {
		answer
		error
	}
	answered := make(chan outcome, 1)
	go func() {
		a, err := v.try(http.MethodPost, "/v1/check", body, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
		answered <- outcome{a, err}
	}()
	if _, err := io.WriteString(more, `{"permission":`); err != nil {
		t.Fatalf("send half a request: %v", err)
	}
	time.Sleep(200 * time.Millisecond) // the server has the header and waits for the rest
	leaving.terminate(t)
	deadline := time.Now().Add(5 * time.Second)
	for {
		c, err := net.Dial("tcp", leaving.address)
		if err != nil {
			break
		}
		_ = c.Close()
		if time.Now().After(deadline) {
			t.Fatal("five seconds after it was asked to stop, the server takes new connections")
		}
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case <-leaving.ended:
		t.Fatal("the server ended with a request under way")
	case early := <-answered:
		t.Fatalf("half a request was answered: %v %v", early.answer, early.error)
	case <-time.After(300 * time.Millisecond):
	}
	_, err := io.WriteString(more, `"chat:use"}`)
	if err = errors.Join(err, more.Close()); err != nil {
		t.Fatalf("send the rest: %v", err)
	}
	got := <-answered
	if got.error != nil {
		t.Fatalf("the request under way was cut off: %v", got.error)
	}
	got.is(http.StatusOK).shows(`"allowed":true`)
	select {
	case <-leaving.ended:
		if leaving.err != nil {
			t.Errorf("the server ended with %v, want none", leaving.err)
		}
	case <-time.After(patience):
		t.Fatal("the server did not end after its last request")
	}
	f.servers[1] = f.launch()
	f.awaitReady(t, 1)
	if got := f.at(v, 1).me(); got.Email != "mia@acme.example" {
		t.Errorf("at the server in its place, me = %+v, want mia", got)
	}
}

// rotateSigningKeys does so while both servers run.
func rotateSigningKeys(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	v := acme.signIn(t, 0, "mia")
	old := v.cookies[accessCookie]
	made := run[struct{ Kid string }](t, f.env, "keys", "rotate", "--overlap", "10m")
	published := func(i int) bool {
		return strings.Contains(f.visit(t, i).get("/.well-known/jwks.json").is(http.StatusOK).body, made.Kid)
	}
	soon(t, "the new key is public at both servers", func() bool { return published(0) && published(1) })

	// A new key signs when every cache of the key set has it. The test cannot wait for so long, so it moves the moment.
	db := observer(f.pg.URL("postgres", "gatehouse"))
	db.do(t, "UPDATE signing_keys SET signs_from = now() - interval '1 second' WHERE kid = $1", made.Kid)
	db.do(t, "SELECT pg_notify('gatehouse_changes', '- 0 keys')")
	renewed := func(i int) string {
		w := f.at(v, i)
		delete(w.cookies, accessCookie)
		w.me()
		return w.cookies[accessCookie]
	}
	for i := range f.servers {
		soon(t, fmt.Sprintf("server %d signs with the new key", i), func() bool { return keyOf(t, renewed(i)) == made.Kid })
		for at := range f.servers {
			for name, token := range map[string]string{"old": old, "new": v.cookies[accessCookie]} {
				if got := f.visit(t, at).bearer(token).call(http.MethodGet, "/v1/me", nil); got.status != http.StatusOK {
					t.Errorf("server %d answers a token of the %s key with %d", at, name, got.status)
				}
			}
		}
	}

	// A key that has leaked is taken back at once.
	void := map[string]string{"first": old, "second": v.cookies[accessCookie]}
	last := run[struct{ Kid string }](t, f.env, "keys", "rotate", "--overlap", "0s")
	for at := range f.servers {
		for name, token := range void {
			soon(t, fmt.Sprintf("server %d refuses a token of the %s key", at, name), func() bool {
				return f.visit(t, at).bearer(token).call(http.MethodGet, "/v1/me", nil).status == http.StatusUnauthorized
			})
		}
		if kid := keyOf(t, renewed(at)); kid != last.Kid {
			t.Errorf("server %d signs with %s, want %s", at, kid, last.Kid)
		}
	}
}

// soon demands that something becomes true within the second that is promised.
func soon(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	within(tb, bound, what, holds)
}

// within goes by when a question was asked, as the bounds do: on a busy machine its answer may take longer.
func within(tb testing.TB, limit time.Duration, what string, holds func() bool) {
	tb.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		asked := time.Since(began)
		if holds() {
			return
		}
		if asked > limit {
			tb.Fatalf("after %v it does not hold that %s", limit, what)
		}
	}
}
