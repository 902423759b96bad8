package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-2a059015/gatehouse/catalog"
)

// Whatever is changed, by way of either server or at the command line, both servers answer by it within a second.
func TestEveryChangeReachesBothServers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	put(t, file, catalog.Default())
	f := startFleetServing(t, asShipped(t), []string{"--catalog", file}, nil, issuer("acme", "mia", "max", "noah"))
	acme := f.tenant(t, "acme", "enterprise")
	acme.connect(t)

	// One after the other: what is measured would slow the rest.
	t.Run("what is taken away", func(t *testing.T) { refusedByBoth(t, f, acme) })      //nolint:paralleltest // see above
	t.Run("what is sold", func(t *testing.T) { soldAtBoth(t, f) })                     //nolint:paralleltest // see above
	t.Run("a role of a tenant's own", func(t *testing.T) { editedAtBoth(t, f, acme) }) //nolint:paralleltest // see above
	t.Run("listeners cut off", func(t *testing.T) { deafForAMoment(t, f, acme) })      //nolint:paralleltest // see above
	t.Run("the catalog", func(t *testing.T) { appliedAtBoth(t, f, acme, file) })       //nolint:paralleltest // see above
}

func put(tb testing.TB, file string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// answers asks both servers for a decision and compares.
func (f *fleet) answers(v *visitor, path, question, want string) (probes [2]probe) {
	for i := range probes {
		w := f.at(v, i)
		probes[i] = func() bool {
			a, err := w.try(http.MethodPost, path, strings.NewReader(question), "Content-Type", "application/json")
			return err == nil && a.status == http.StatusOK && strings.Contains(a.body, want)
		}
	}
	return probes
}

// soldAtBoth changes what a tenant has, at the command line, which is where that is changed.
func soldAtBoth(t *testing.T, f *fleet) {
	t.Helper()
	for _, kind := range []struct {
		name    string
		on, off []string // tenants on the plan pro have single sign-on, or not
	}{
		{"a moved plan", []string{"plan", "SLUG", "--plan", "team"}, []string{"plan", "SLUG", "--plan", "pro"}},
		{"a trial", []string{"trial", "start", "SLUG", "--plan", "team", "--until", "2100-01-01"}, []string{"trial", "end", "SLUG"}},
		{
			"an override",
			[]string{"override", "set", "sso", "--tenant", "SLUG", "--on", "--reason", "agreed"},
			[]string{"override", "remove", "sso", "--tenant", "SLUG"},
		},
	} {
		slug := strings.ReplaceAll(kind.name, " ", "-")
		v := f.tenant(t, slug, "pro").admin(t, 0)
		f.measure(t, kind.name, func(n int) (func(), [2]probe) {
			words, on := kind.on, n%2 == 0
			if !on {
				words = kind.off
			}
			line := strings.Split(strings.ReplaceAll(strings.Join(words, "\n"), "SLUG", slug), "\n")
			return func() { run[any](t, f.env, append([]string{"tenant"}, line...)...) },
				f.answers(v, "/v1/check", `{"feature":"sso"}`, fmt.Sprintf(`"allowed":%t`, on))
		})
	}
}

// editedAtBoth changes what a role of the tenant's own has, of which a key decides.
func editedAtBoth(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	owner := acme.owner(t, 0)
	role := decode[struct{ ID string }](owner.call(http.MethodPost, "/v1/roles", map[string]any{
		"name": "Front desk", "permissions": []string{"members:read"},
	}).is(http.StatusCreated)).ID
	key := run[struct {
		Secret string `json:"api_key"`
	}](t, f.env, "apikey", "create", "--tenant", "acme", "--role", role)
	v := f.visit(t, 0).with("X-API-Key", key.Secret)
	f.measure(t, "an edited role", func(n int) (func(), [2]probe) {
		permissions, on := []string{"members:read"}, n%2 == 0
		if on {
			permissions = append(permissions, "tenant:read")
		}
		change := func() {
			within(t, patience, "a role may be edited again", func() bool { // thirty times a minute
				return f.at(owner, n%2).call(http.MethodPatch, "/v1/roles/"+role, map[string]any{"permissions": permissions}).status == http.StatusOK
			})
		}
		return change, f.answers(v, "/v1/check", `{"permission":"tenant:read"}`, fmt.Sprintf(`"allowed":%t`, on))
	})
}

const cutListenersSQL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%clock_timestamp() FROM pg_notify%' AND pid <> pg_backend_pid()`

// deafForAMoment changes a role at the moment when both servers lose the connection that they would hear of it by.
func deafForAMoment(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	member := acme.signIn(t, 0, "noah").me().Membership
	owner, asks := acme.owner(t, 0), acme.admin(t, 0)
	db := observer(f.pg.URL("postgres", "gatehouse"))
	path := "/v1/members/" + member
	owner.call(http.MethodPatch, path, map[string]string{"role": "viewer"}).is(http.StatusOK)
	question := `{"subject":{"type":"member","id":"` + member + `"},"action":{"name":"chat:use"},"resource":{"type":"x","id":"y"}}`
	for _, probe := range f.answers(asks, "/access/v1/evaluation", question, `"decision":false`) {
		soon(t, "the role is known", probe)
	}
	f.measure(t, "a role, the listeners being cut off", func(n int) (func(), [2]probe) {
		role, on := "viewer", n%2 == 0
		if on {
			role = "member"
		}
		change := func() {
			db.do(t, cutListenersSQL)
			f.at(owner, n%2).call(http.MethodPatch, path, map[string]string{"role": role}).is(http.StatusOK)
		}
		return change, f.answers(asks, "/access/v1/evaluation", question, fmt.Sprintf(`"decision":%t`, on))
	})
}

// appliedAtBoth puts catalogs in force at the command line, and by SIGHUP to one server.
func appliedAtBoth(t *testing.T, f *fleet, acme *tenant, file string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "other.yaml")
	const chat = "version: 1\npermissions:\n  chat:use: {}\nroles:\n  %s: {permissions: [chat:use]}\n" // plans stay as they are
	v := acme.admin(t, 0)
	probes := func(n int) [2]probe {
		return f.answers(v, "/v1/check", `{"permission":"chat:use"}`, fmt.Sprintf(`"allowed":%t`, n%2 == 1))
	}
	source := func(n int) []byte { return fmt.Appendf(nil, chat, [2]string{"owner", "member"}[n%2]) }
	put(t, other, source(1))
	run[any](t, f.env, "catalog", "apply", other)
	for _, probe := range probes(1) {
		soon(t, "a member may chat", probe)
	}
	f.measure(t, "a catalog that is applied", func(n int) (func(), [2]probe) {
		put(t, other, source(n))
		return func() { run[any](t, f.env, "catalog", "apply", other) }, probes(n)
	})
	put(t, other, source(1))
	run[any](t, f.env, "catalog", "apply", other)
	for _, probe := range probes(1) {
		soon(t, "a member may chat again", probe)
	}
	f.measure(t, "a catalog that is read again at SIGHUP", func(n int) (func(), [2]probe) {
		put(t, file, source(n))
		return func() {
			if err := f.servers[n/2%2].cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}, probes(n)
	})
}
