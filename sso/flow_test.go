package sso_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// change edits the query of the callback.
func (t *tab) change(tb testing.TB, f func(url.Values)) *tab {
	tb.Helper()
	u, err := url.Parse(t.callback)
	must(tb, err)
	q := u.Query()
	f(q)
	u.RawQuery = q.Encode()
	t.callback = u.String()
	return t
}

func TestOIDC_001_002_017_StatesThatAreNotOurs(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	set := func(s string) func(url.Values) { return func(v url.Values) { v.Set("state", s) } }
	for name, test := range map[string]struct {
		change func(url.Values)
		want   sso.Reason
	}{
		"missing":               {func(v url.Values) { v.Del("state") }, sso.StateMissing},
		"error without state":   {func(v url.Values) { v.Del("state"); v.Del("code"); v.Set("error", "access_denied") }, sso.StateMissing},
		"empty":                 {set(""), sso.StateUnknown},
		"unknown":               {func(v url.Values) { v.Set("state", v.Get("state")[:27]+strings.Repeat("A", 43)) }, sso.StateUnknown},
		"another tenant":        {func(v url.Values) { v.Set("state", id.New[id.Tenant]().String()[4:]+v.Get("state")[26:]) }, sso.StateUnknown},
		"truncated":             {func(v url.Values) { v.Set("state", v.Get("state")[:69]) }, sso.StateUnknown},
		"longer":                {func(v url.Values) { v.Set("state", v.Get("state")+"A") }, sso.StateUnknown},
		"in capitals":           {func(v url.Values) { v.Set("state", strings.ToUpper(v.Get("state"))) }, sso.StateUnknown},
		"10 KB":                 {set(strings.Repeat("s", 10<<10)), sso.StateUnknown},
		"NUL":                   {set("\x00"), sso.StateUnknown},
		"twice (OIDC-018)":      {func(v url.Values) { v.Add("state", v.Get("state")) }, sso.CallbackMalformed},
		"fragment (OIDC-019)":   {func(v url.Values) { clear(v) }, sso.StateMissing},
		"a query of a megabyte": {func(v url.Values) { v.Set("padding", strings.Repeat("p", 1<<20)) }, sso.CallbackMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			back := c.begin(t).prove(t, c.idp, "alice").change(t, test.change)
			if _, err := back.finish(t); sso.ReasonOf(err) != test.want {
				t.Errorf("Finish = %v, want %s", err, test.want)
			}
		})
	}
	t.Cleanup(func() {
		if n := c.idp.Requests(testidp.Token); n != 0 {
			t.Errorf("the token endpoint was called %d times, want 0", n)
		}
	})
}

func TestOIDC_003_AnotherBrowser(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("mallory"))
	for name, spoil := range map[string]func(*http.Request, sso.Redirect){ //nolint:paralleltest // each compares the rows of one tenant
		"no cookie":        func(r *http.Request, _ sso.Redirect) { r.Header.Del("Cookie") },
		"own cookie":       func(r *http.Request, s sso.Redirect) { cookies(r, s.CookieName, strings.Repeat("A", 43)) },
		"cookie and a lie": func(r *http.Request, s sso.Redirect) { cookies(r, s.CookieName, s.CookieValue, "another") },
		"empty cookie":     func(r *http.Request, s sso.Redirect) { cookies(r, s.CookieName, "") },
	} {
		t.Run(name, func(t *testing.T) {
			back := c.begin(t).prove(t, c.idp, "mallory")
			r := back.request(t)
			spoil(r, back.redirect)
			c.refused(t, sso.WrongBrowser, func() (sso.Result, error) { return c.signIn.Finish(visitor(t), r, sso.ProtocolOIDC, c.connection.ID) })
			// A state that another browser has seen is worth nothing any more, not even in the right one.
			if _, err := back.finish(t); sso.ReasonOf(err) != sso.AttemptUsed {
				t.Errorf("Finish in the right browser = %v, want %s", err, sso.AttemptUsed)
			}
		})
	}
	if n := c.idp.Requests(testidp.Token); n != 0 {
		t.Errorf("the token endpoint was called %d times, want 0", n)
	}
}

func cookies(r *http.Request, name string, values ...string) {
	r.Header.Del("Cookie")
	for _, v := range values {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
}

func TestOIDC_004_011_OneCallbackFiftyTimes(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	must(t, c.idp.Play("OIDC-011"))
	back := c.begin(t).prove(t, c.idp, "alice")
	outcomes := make(chan sso.Reason, 50)
	var all sync.WaitGroup
	for range cap(outcomes) {
		all.Go(func() {
			_, err := c.signIn.Finish(visitor(t), back.request(t), sso.ProtocolOIDC, c.connection.ID)
			if err == nil {
				outcomes <- "in"
				return
			}
			outcomes <- sso.ReasonOf(err)
		})
	}
	all.Wait()
	close(outcomes)
	got := map[sso.Reason]int{}
	for o := range outcomes {
		got[o]++
	}
	if diff := cmp.Diff(map[sso.Reason]int{"in": 1, sso.AttemptUsed: 49}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if n := c.idp.Requests(testidp.Token); n != 1 {
		t.Errorf("the code was exchanged %d times, want once", n)
	}
	if diff := cmp.Diff(map[string]int{"attempt_used": 1}, c.refusals(t, c.tenant.ID)); diff != "" {
		t.Errorf("events of 49 replays (-want +got):\n%s", diff)
	}
}

func TestOIDC_005_AnAttemptLivesTenMinutes(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]sso.Reason{10*time.Minute - time.Second: accepted, 10*time.Minute + time.Second: sso.AttemptExpired} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			c := newWorld(t).company(t)
			c.add(t, c.person("alice"))
			begun := c.begin(t)
			// The provider's clock runs with ours, or its tokens would be too old.
			c.idp.Misbehave(testidp.Fault{Claims: func(m map[string]any) {
				m["iat"], m["exp"] = time.Now().Add(after).Unix(), time.Now().Add(after+5*time.Minute).Unix()
			}})
			back := begun.prove(t, c.idp, "alice")
			c.ahead.Store(int64(after))
			if want == accepted {
				_, err := back.finish(t)
				must(t, err)
				return
			}
			c.refused(t, want, func() (sso.Result, error) { return back.finish(t) })
		})
	}
}

func TestOIDC_006_012_XT_038_AnAttemptBelongsToOneConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, evil := w.company(t), w.company(t)
	victim.add(t, victim.person("alice"))
	back := victim.begin(t).prove(t, victim.idp, "alice")
	before := w.rows(t, evil)
	victim.refused(t, sso.ConnectionMismatch, func() (sso.Result, error) {
		return w.signIn.Finish(visitor(t), back.request(t), sso.ProtocolOIDC, evil.connection.ID)
	})
	if diff := cmp.Diff(before, w.rows(t, evil)); diff != "" {
		t.Errorf("the other tenant changed (-before +after):\n%s", diff)
	}
	if n := victim.idp.Requests(testidp.Token) + evil.idp.Requests(testidp.Token); n != 0 {
		t.Errorf("token endpoints were called %d times, want 0", n)
	}
}

func TestOIDC_007_TwoTabsInReverseOrder(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	one, two := c.begin(t), c.begin(t)
	one.prove(t, c.idp, "alice")
	two.prove(t, c.idp, "alice")
	for _, back := range []*tab{two, one} {
		r := back.request(t)
		other := map[*tab]*tab{one: two, two: one}[back]
		r.AddCookie(&http.Cookie{Name: other.redirect.CookieName, Value: other.redirect.CookieValue})
		if _, err := c.signIn.Finish(visitor(t), r, sso.ProtocolOIDC, c.connection.ID); err != nil {
			t.Errorf("Finish = %v, want a session", err)
		}
	}
}

func TestOIDC_008_009_024_TheAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, scenario := range []string{"", "OIDC-009-plain", "OIDC-009-none"} {
		c := w.company(t)
		if scenario != "" {
			must(t, c.idp.Play(scenario))
			c.connection = c.connect(t, c.draft())
		}
		seen := map[string]bool{}
		for range 2 {
			begun := c.begin(t)
			u, err := url.Parse(begun.redirect.URL)
			must(t, err)
			q := u.Query()
			for name, want := range map[string]string{
				"response_type": `^code$`, "client_id": `^gatehouse$`, "scope": `^openid email profile$`, "code_challenge_method": `^S256$`,
				"code_challenge": `^[A-Za-z0-9_-]{43}$`, "nonce": `^[A-Za-z0-9_-]{43}$`, "state": `^[0-9a-z]{26}\.[A-Za-z0-9_-]{43}$`,
				"redirect_uri": "^" + regexp.QuoteMeta(base+"/sso/oidc/"+c.connection.ID.String()+"/callback") + "$",
			} {
				if !regexp.MustCompile(want).MatchString(q.Get(name)) || len(q[name]) != 1 {
					t.Errorf("%s: %s = %q, want %s", scenario, name, q[name], want)
				}
			}
			for _, name := range []string{"state", "nonce", "code_challenge"} {
				if seen[q.Get(name)] {
					t.Errorf("%s %q was used before", name, q.Get(name))
				}
				seen[q.Get(name)] = true
			}
			if len(q.Get("state")) > 80 || q.Has("code_verifier") || q.Has("client_secret") {
				t.Errorf("authorization URL %s has too long a state or a secret", begun.redirect.URL)
			}
		}
	}
}

func TestOIDC_010_060_ACodeOfAnotherFlow(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("victim"))
	c.add(t, c.person("mallory"))
	for scenario, want := range map[string]sso.Reason{"": sso.TokenRefused, "OIDC-010": sso.NonceMismatch} { //nolint:paralleltest // both use one provider
		t.Run("provider "+scenario, func(t *testing.T) {
			c.idp.Behave()
			if scenario != "" {
				must(t, c.idp.Play(scenario))
			}
			victims := c.begin(t).prove(t, c.idp, "victim")
			u, err := url.Parse(victims.callback)
			must(t, err)
			own := c.begin(t).prove(t, c.idp, "mallory").change(t, func(v url.Values) { v.Set("code", u.Query().Get("code")) })
			c.refused(t, want, func() (sso.Result, error) { return own.finish(t) })
		})
	}
}

func TestOIDC_052_106_107_TwoTenantsOneIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, evil := w.company(t), w.company(t)
	victim.add(t, victim.person("alice"))
	// Evil configures the very issuer and client of the victim, which is possible, and gains a connection of its own by it.
	shared := *evil
	shared.idp = victim.idp
	shared.connection = evil.connect(t, victim.draft())
	_, err := victim.enter(t, "alice")
	must(t, err)
	// With evil's connection nobody of the victim's domain can join, and the known subject is unknown there.
	shared.refused(t, sso.DomainNotAllowed, func() (sso.Result, error) { return shared.enter(t, "alice") })
	// Evil's own key set is evil's alone.
	must(t, evil.idp.Play("OIDC-107"))
	evil.add(t, evil.person("mallory"))
	_, err = evil.enter(t, "mallory")
	must(t, err)
	_, err = victim.enter(t, "alice")
	must(t, err)
}

func TestAttemptsAreCappedByAddress(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	var all sync.WaitGroup
	errors := make(chan error, 60)
	for range cap(errors) {
		all.Go(func() {
			_, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID})
			errors <- err
		})
	}
	all.Wait()
	close(errors)
	got := map[string]int{}
	for err := range errors {
		if err == nil {
			got["begun"]++
			continue
		}
		got[fmt.Sprint(errs.As(err).Kind, errs.CodeOf(err))]++
	}
	if diff := cmp.Diff(map[string]int{"begun": 30, fmt.Sprint(errs.TooMany, "too_many_attempts"): 30}, got); diff != "" {
		t.Errorf("60 starts at once (-want +got):\n%s", diff)
	}
	if n := len(c.attempts(t, c.tenant.ID)); n != 30 {
		t.Errorf("%d attempts were written, want 30", n)
	}
}

func TestXT_039_ASuspendedTenantHasNoWayIn(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	back := c.begin(t).prove(t, c.idp, "alice")
	c.suspend(t)
	c.refused(t, sso.TenantInactive, func() (sso.Result, error) { return back.finish(t) })
	for _, connection := range []id.Connection{c.connection.ID, id.Google, {}} {
		_, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: connection})
		if sso.ReasonOf(err) != sso.TenantInactive {
			t.Errorf("Begin(%v) = %v, want %s", connection, err, sso.TenantInactive)
		}
	}
}
