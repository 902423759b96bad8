package attack_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Wrong guesses about somebody cost the guesser, not them.
func TestWEB_17_NobodyLocksAnotherOut(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	owner, key := s.Session(t, c.Tenant, rbac.Owner), s.APIKey(t, c.Tenant, rbac.Viewer)
	link := s.Link(t, c.Tenant, c.Members[rbac.Owner])

	guesser := s.Anonymous()
	limited := 0
	for i := range 150 {
		for _, a := range []*apitest.Answer{
			guesser.With("X-API-Key", otherSecret(t, key.Secret, i)).Do(t, "GET", "/v1/me", nil),
			guesser.With("Authorization", "Bearer "+spoil(owner.Access, i)).Do(t, "GET", "/v1/me", nil),
			guesser.Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": otherSecret(t, owner.Refresh, i)}),
			guesser.With("Content-Type", "application/x-www-form-urlencoded").Do(t, "POST", "/login/link", "link="+otherSecret(t, link, i)),
			guesser.With("Content-Type", "application/x-www-form-urlencoded").
				Do(t, "POST", "/login/"+c.Slug, "connection="+c.connection.String()),
		} {
			switch {
			case a.StatusCode == 429:
				limited++
			case a.StatusCode == 200, a.StatusCode >= 500:
				t.Fatalf("a guess = %d: %s", a.StatusCode, a.Text)
			}
		}
	}
	if limited < 100 {
		t.Errorf("%d of 750 guesses were limited", limited)
	}
	// The owner, from where they always are.
	s.Bearer(owner).Do(t, "GET", "/v1/me", nil).Want(t, 200)
	s.Machine(key).Do(t, "GET", "/v1/me", nil).Want(t, 200)
	s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": owner.Refresh}).Want(t, 200)
	newBrowser(s).post(t, "/login/link", "link", link).Want(t, 303)
	newBrowser(s).signIn(t, c.Tenant, c.connection, "alice").Want(t, 303)
}

// spoil changes one character of a token, another each time.
func spoil(token string, i int) string {
	b := []byte(token)
	at := len(b) - 12 - i%20
	if b[at]++; b[at] == '{' || b[at] == '[' || b[at] == ':' {
		b[at] = 'a'
	}
	return string(b)
}

// Pairs of requests of which one is about somebody and the other about nobody: they look alike and take the same time.
func TestWEB_18_NobodyIsToldFromAStranger(t *testing.T) { //nolint:paralleltest // it measures time
	s := apitest.Start(t)
	known := s.NewTenant(t, billing.Pro) // with a verified domain and members, and no way in that its domain could lead to
	member := known.Members[rbac.Member]
	session := s.Session(t, known, rbac.Owner)
	s.Bearer(session).Do(t, "PATCH", "/v1/tenant", map[string]any{"sign_in": map[string]any{"google_enabled": false}}).Want(t, 200)
	connected := newCompany(t, s)
	unknown := strings.Replace(known.Domain, "company", "nothing", 1)
	used := s.Link(t, known, member)
	newBrowser(s).post(t, "/login/link", "link", used).Want(t, 303)
	never := s.Link(t, known, member)

	form := func(path, fields string) func() *apitest.Answer {
		return func() *apitest.Answer {
			return s.Anonymous().With("Content-Type", "application/x-www-form-urlencoded").Do(t, "POST", path, fields)
		}
	}
	refresh := func(token string) func() *apitest.Answer {
		return func() *apitest.Answer {
			return s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": token})
		}
	}
	for _, pair := range []struct {
		name       string
		one, other func() *apitest.Answer
	}{
		{
			"a member and a stranger of one domain",
			form("/login", "email=member@"+known.Domain), form("/login", "email=nobody@"+known.Domain),
		},
		{
			"a member and a stranger of a domain with a provider",
			form("/login", "email=member@"+connected.Domain), form("/login", "email=nobody@"+connected.Domain),
		},
		{
			"a member and somebody of no domain",
			form("/login", "email=member@"+known.Domain), form("/login", "email=member@"+unknown),
		},
		{"a used link and one that never was", form("/login/link", "link="+used), form("/login/link", "link="+otherSecret(t, never, 0))},
		{"a session with a wrong secret and one that never was", refresh(otherSecret(t, session.Refresh, 0)), refresh(otherID(t, session.Refresh))},
	} {
		alike(t, s, pair.name, pair.one, pair.other)
	}
}

// random is what is drawn for each attempt, in its cookie and in the address of the provider, and the hint that was typed.
var random = regexp.MustCompile(`attempt_[0-9a-f]+=[^;]+|(state|nonce|code_challenge|login_hint)=[^&]+`)

// alike holds two requests to one answer and one time. They are made in turn, so that a busy machine slows both. The test is
// about a difference that could be measured over a network, on a machine that may have other work: the medians may differ by
// half and two milliseconds. That the database is asked as often is exact.
func alike(tb testing.TB, s *apitest.Server, name string, one, other func() *apitest.Answer) {
	tb.Helper()
	one() // so that what is looked up once is known
	a, b := one(), other()
	if x, y := statements(tb, s, a), statements(tb, s, b); x != y {
		tb.Errorf("%s: %v and %v SQL statements", name, x, y)
	}
	if a.StatusCode != b.StatusCode || a.StatusCode >= 500 {
		tb.Errorf("%s: %d and %d", name, a.StatusCode, b.StatusCode)
	}
	if x, y := plain(a), plain(b); x != y {
		tb.Errorf("%s: different bodies\n%s\n%s", name, x, y)
	}
	for _, header := range []string{"Content-Type", "Cache-Control", "Set-Cookie", "Retry-After", "WWW-Authenticate", "Location"} {
		if x, y := random.ReplaceAllString(a.Header.Get(header), "*"), random.ReplaceAllString(b.Header.Get(header), "*"); x != y {
			tb.Errorf("%s: %s %q and %q", name, header, x, y)
		}
	}
	var differ time.Duration
	for range 4 { // a real difference is there each time
		var first, second []time.Duration
		for range 60 {
			first, second = append(first, took(one)), append(second, took(other))
		}
		slices.Sort(first)
		slices.Sort(second)
		x, y := first[len(first)/2], second[len(second)/2]
		if differ = (x - y).Abs(); differ < min(x, y)/2+2*time.Millisecond {
			return
		}
	}
	tb.Errorf("%s: the medians differ by %v", name, differ)
}

// statements is how often the database was asked for an answer, as the log says.
func statements(tb testing.TB, s *apitest.Server, a *apitest.Answer) any {
	tb.Helper()
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, a.Header.Get("X-Request-Id")) && strings.Contains(line, `"msg":"request"`) {
			var fields map[string]any
			must(tb, json.Unmarshal([]byte(line), &fields))
			return fields["sql"]
		}
	}
	tb.Errorf("no line for %s", a.Request.URL)
	return nil
}

func took(do func() *apitest.Answer) time.Duration {
	started := time.Now()
	do()
	return time.Since(started)
}

// plain is a body without what differs between any two requests: the request's id, and the address that was typed.
func plain(a *apitest.Answer) string {
	text := bytes.ReplaceAll(a.Text, []byte(a.Header.Get("X-Request-Id")), nil)
	for _, typed := range []string{"member@company", "nobody@company", "member@nothing"} {
		text = bytes.ReplaceAll(text, []byte(typed), []byte("typed"))
	}
	return string(text)
}

// otherSecret is a credential of the same thing with a wrong secret, another for each i. Its checksum is right, so that it is
// looked up.
func otherSecret(tb testing.TB, text string, i int) string {
	tb.Helper()
	c := parse(tb, text)
	c.Secret[0] ^= 0x55
	c.Secret[1] ^= byte(i)
	return c.String()
}

// otherID is the credential of a thing that never was, in the same tenant.
func otherID(tb testing.TB, text string) string {
	tb.Helper()
	c := parse(tb, text)
	c.ID[15] ^= 0x55
	return c.String()
}

func parse(tb testing.TB, text string) secret.Credential {
	tb.Helper()
	prefix, _, _ := strings.Cut(text, "_")
	c, err := secret.Parse(prefix, text)
	must(tb, err)
	return c
}
