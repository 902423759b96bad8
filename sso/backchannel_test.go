package sso_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// logoutToken is one by the company's provider, with a change. A nil value takes a claim away.
func (c *company) logoutToken(tb testing.TB, change map[string]any) string {
	tb.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": c.idp.URL(), "aud": clientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": id.New[id.Request]().String(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	token, err := c.idp.Sign(map[string]any{"typ": "logout+jwt"}, claims)
	must(tb, err)
	return token
}

func (c *company) backChannel(tb testing.TB, token string) error {
	tb.Helper()
	return c.signIn.BackChannelLogout(visitor(tb), c.connection.ID, token)
}

// entered signs somebody in, and returns what the provider calls the session too.
func (c *company) entered(tb testing.TB, login string) (issued sessions.Issued, sid string) {
	tb.Helper()
	result, err := c.enter(tb, login)
	must(tb, err)
	must(tb, c.admin.QueryRow(tb.Context(), "SELECT idp_session FROM sessions WHERE id::text = $1", result.Issued.Session.UUID().String()).Scan(&sid))
	if sid == "" {
		tb.Fatal("the provider's name of the session was not kept")
	}
	return result.Issued, sid
}

func TestBCL_07_13_ALogoutTokenEndsWhatItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("alice"))
	c.add(t, c.person("bob"))
	one, first := c.entered(t, "alice")
	two, _ := c.entered(t, "alice")
	bob, third := c.entered(t, "bob")
	is := func(what string, want ...string) {
		t.Helper()
		got := []string{w.ended(t, one.Session), w.ended(t, two.Session), w.ended(t, bob.Session)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: ends of the sessions (-want +got):\n%s", what, diff)
		}
	}
	must(t, c.backChannel(t, c.logoutToken(t, map[string]any{"sub": "sub-alice", "sid": third})))
	is("the sid of somebody else", "", "", "")
	must(t, c.backChannel(t, c.logoutToken(t, map[string]any{"sub": "sub-nobody"})))
	is("a subject without a session", "", "", "")
	token := c.logoutToken(t, map[string]any{"sub": "sub-alice", "sid": first})
	must(t, c.backChannel(t, token))
	is("sub and sid", "idp_logout", "", "")
	before := w.rows(t)
	if err := c.backChannel(t, token); codeOf(err) != "400 logout_refused" {
		t.Errorf("the same token once more = %v, want 400 logout_refused", err)
	}
	if diff := cmp.Diff(before, w.rows(t)); diff != "" {
		t.Errorf("a replay changed rows (-before +after):\n%s", diff)
	}
	must(t, c.backChannel(t, c.logoutToken(t, map[string]any{"sid": third})))
	is("sid alone", "idp_logout", "", "idp_logout")
	must(t, c.backChannel(t, c.logoutToken(t, map[string]any{"sub": "sub-alice"})))
	is("sub alone", "idp_logout", "idp_logout", "idp_logout")
}

func TestBCL_02_12_NobodyElsesProviderEndsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, evil := w.company(t), w.company(t)
	victim.add(t, victim.person("alice"))
	evil.add(t, evil.person("alice")) // the same subject
	alice, sid := victim.entered(t, "alice")
	before := w.rows(t, victim)
	honest := victim.logoutToken(t, map[string]any{"sub": "sub-alice", "sid": sid})
	if err := evil.backChannel(t, honest); codeOf(err) != "400 logout_refused" {
		t.Errorf("the victim's token at another connection = %v, want 400 logout_refused", err)
	}
	if err := victim.backChannel(t, evil.logoutToken(t, map[string]any{"sub": "sub-alice"})); codeOf(err) != "400 logout_refused" {
		t.Errorf("another provider's token at the victim's connection = %v, want 400 logout_refused", err)
	}
	if err := victim.backChannel(t, evil.logoutToken(t, map[string]any{"sub": "sub-alice", "iss": victim.idp.URL()})); codeOf(err) != "400 logout_refused" {
		t.Errorf("another provider's token in the victim's name = %v, want 400 logout_refused", err)
	}
	for _, claims := range []map[string]any{{"sub": "sub-alice"}, {"sid": sid}, {"sub": "sub-alice", "sid": sid}} {
		must(t, evil.backChannel(t, evil.logoutToken(t, claims))) // its own people, and there is none
	}
	for what, which := range map[string]id.Connection{"nobody's connection": id.New[id.Connection](), "Google": id.Google} {
		if err := w.signIn.BackChannelLogout(visitor(t), which, honest); codeOf(err) != "400 logout_refused" {
			t.Errorf("a token at %s = %v, want 400 logout_refused", what, err)
		}
	}
	if diff := cmp.Diff(before, w.rows(t, victim)); diff != "" {
		t.Errorf("other providers changed rows (-before +after):\n%s", diff)
	}
	must(t, victim.backChannel(t, honest))
	if got := w.ended(t, alice.Session); got != "idp_logout" {
		t.Errorf("after the honest token the session ended with %q, want idp_logout", got)
	}
}

func TestBCL_14_AFloodNeitherEndsNorFetches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("alice"))
	alice, _ := c.entered(t, "alice")
	fetched := c.idp.Requests(testidp.JWKS)
	wrong := c.logoutToken(t, map[string]any{"sub": "sub-alice", "aud": "somebody else"})
	for i := range 200 {
		token := "a.b.c"
		if i%2 == 0 {
			token = wrong
		}
		if err := c.backChannel(t, token); codeOf(err) != "400 logout_refused" {
			t.Fatalf("garbage = %v, want 400 logout_refused", err)
		}
	}
	if n := c.idp.Requests(testidp.JWKS) - fetched; n != 0 || w.ended(t, alice.Session) != "" {
		t.Errorf("a flood of garbage fetched keys %d times and ended the session with %q, want neither", n, w.ended(t, alice.Session))
	}
}

// TestBCL_15_KeysAreNotSessions: what ends is sessions; a machine's key has no provider.
func TestBCL_15_KeysAreNotSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("alice"))
	alice, _ := c.entered(t, "alice")
	c.exec(t, `INSERT INTO api_keys (tenant_id, id, name, role, hash, hint, created_by, created_at)
		SELECT tenant_id, gen_random_uuid(), 'robot', 'member', '\x00', 'x', membership_id, now() FROM sessions WHERE tenant_id::text = $1`)
	keys := func() (s string) {
		must(t, w.admin.QueryRow(t.Context(), "SELECT string_agg(k::text, '|') FROM api_keys k WHERE tenant_id::text = $1", c.tenant.ID.UUID().String()).Scan(&s))
		return s
	}
	before := keys()
	must(t, c.backChannel(t, c.logoutToken(t, map[string]any{"sub": "sub-alice"})))
	if after := keys(); after != before || w.ended(t, alice.Session) != "idp_logout" {
		t.Errorf("a logout made of the key %q %q, and ended the session with %q", before, after, w.ended(t, alice.Session))
	}
}

func TestAnOpenIDSessionLeavesTheProviderToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("alice"))
	issued, _ := c.entered(t, "alice")
	to, err := c.signIn.Leave(visitor(t), c.principal(t, issued))
	must(t, err)
	if to.Form != nil || to.URL == "" || to.CookieValue == "" || w.ended(t, issued.Session) != "signed_out" {
		t.Errorf("Leave = %+v, want the provider's end_session_endpoint", to)
	}
}
