package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const bound = time.Second // within which every server must answer by a change

// rounds is how often each kind of change is made: go test ./internal/e2e -run TestEveryChange -rounds 200.
var rounds = flag.Int("rounds", 20, "how often each kind of change is measured")

// probe asks one server and says whether it answers by the change.
type probe func() bool

// refusedByBoth takes something away again and again and measures how long the slower of the two servers lets it pass.
func refusedByBoth(t *testing.T, f *fleet, acme *tenant) {
	t.Helper()
	owner := acme.owner(t, 0)
	member := acme.signIn(t, 0, "max").me().Membership
	path := "/v1/members/" + member

	f.measure(t, "a revoked session", func(n int) (func(), [2]probe) {
		v := acme.signIn(t, n%2, "max")
		take := func() { f.at(owner, n%2).call(http.MethodDelete, path+"/sessions", nil).is(http.StatusOK) }
		if n%4 < 2 { // or the person does it
			take = func() { v.call(http.MethodDelete, "/v1/session", nil).is(http.StatusNoContent) }
		}
		return take, f.refused(v.bearer(v.cookies[accessCookie]), http.StatusUnauthorized)
	})
	f.measure(t, "a suspended member", func(n int) (func(), [2]probe) {
		if n > 0 {
			owner.call(http.MethodPost, path+"/resume", nil).is(http.StatusOK)
		}
		v := acme.signIn(t, n%2, "max")
		take := func() { f.at(owner, n%2).call(http.MethodPost, path+"/suspend", nil).is(http.StatusOK) }
		return take, f.refused(v.bearer(v.cookies[accessCookie]), http.StatusUnauthorized, http.StatusForbidden)
	})
	owner.call(http.MethodPost, path+"/resume", nil).is(http.StatusOK)
	f.measure(t, "a lowered role", func(n int) (func(), [2]probe) {
		v := acme.signIn(t, n%2, "max")
		v = v.bearer(v.cookies[accessCookie])
		owner.call(http.MethodPatch, path, map[string]string{"role": "member"}).is(http.StatusOK)
		var probes [2]probe
		for i := range probes {
			w := f.at(v, i)
			probes[i] = func() bool {
				a, err := w.try(http.MethodPost, "/v1/check", strings.NewReader(`{"permission":"chat:use"}`), "Content-Type", "application/json")
				return err == nil && strings.Contains(a.body, `"role_lacks_permission"`)
			}
			soon(t, "the higher role is known", func() bool { return !probes[i]() })
		}
		return func() {
			f.at(owner, n%2).call(http.MethodPatch, path, map[string]string{"role": "viewer"}).is(http.StatusOK)
		}, probes
	})
	f.measure(t, "a revoked API key", func(n int) (func(), [2]probe) {
		key := decode[struct {
			ID     string
			Secret string `json:"api_key"`
		}](owner.call(http.MethodPost, "/v1/api-keys", map[string]string{"name": "k", "role": "viewer"}).is(http.StatusCreated))
		take := func() { f.at(owner, n%2).call(http.MethodDelete, "/v1/api-keys/"+key.ID, nil).is(http.StatusNoContent) }
		return take, f.refused(f.visit(t, 0).with("X-API-Key", key.Secret), http.StatusUnauthorized)
	})
	globex := f.tenant(t, "globex", "team")
	person := globex.owner(t, 0)
	token := person.cookies[accessCookie]
	f.measure(t, "a suspended tenant", func(n int) (func(), [2]probe) {
		if n > 0 {
			run[any](t, f.env, "tenant", "resume", "globex")
		}
		v := f.visit(t, 0).bearer(token)
		if n%2 == 1 {
			v = f.visit(t, 0).with("X-API-Key", globex.key)
		}
		probes := f.refused(v, http.StatusForbidden)
		for i := range probes {
			soon(t, "the tenant is resumed", func() bool { return !probes[i]() })
		}
		return func() { run[any](t, f.env, "tenant", "suspend", "globex") }, probes
	})
}

// refused asks both servers who the visitor is.
func (f *fleet) refused(v *visitor, want ...int) (probes [2]probe) {
	for i := range probes {
		w := f.at(v, i)
		probes[i] = func() bool {
			a, err := w.try(http.MethodGet, "/v1/me", nil)
			for _, status := range want {
				if err == nil && a.status == status {
					return true
				}
			}
			return false
		}
	}
	return probes
}

// measure makes a change again and again, and reports how long after its answer a server still answered as before. What counts is when a
// question was asked: on a busy machine its answer may take longer.
func (f *fleet) measure(t *testing.T, what string, prepare func(n int) (change func(), probes [2]probe)) {
	t.Helper()
	var all []time.Duration
	for n := range *rounds {
		change, probes := prepare(n)
		for i := range probes {
			if probes[i]() {
				t.Fatalf("%s: server %d answers by the change before it, in round %d", what, i, n)
			}
		}
		change()
		began := time.Now()
		var took [len(probes)]time.Duration
		var both sync.WaitGroup
		for i := range probes {
			both.Go(func() {
				for known := false; !known && took[i] < 5*bound; {
					took[i] = time.Since(began)
					known = probes[i]()
				}
			})
		}
		both.Wait()
		all = append(all, took[:]...)
	}
	slices.Sort(all)
	at := func(percent int) time.Duration { return all[(len(all)*percent-1)/100].Round(100 * time.Microsecond) }
	t.Logf("%-50s p50 %8v  p99 %8v  max %8v  (%d rounds, two servers)", what, at(50), at(99), at(100), *rounds)
	if at(99) > bound {
		t.Errorf("%s: p99 = %v, want at most %v", what, at(99), bound)
	}
}

// keyOf reads which key signed a token.
func keyOf(tb testing.TB, token string) string {
	tb.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	var header struct{ Kid string }
	if err == nil {
		err = json.Unmarshal(raw, &header)
	}
	if err != nil {
		tb.Fatalf("read the header of a token: %v", err)
	}
	return header.Kid
}
