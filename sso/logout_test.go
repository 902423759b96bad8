package sso_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// codeOf is the status and the code of an error.
func codeOf(err error) string {
	e := errs.As(err)
	return fmt.Sprintf("%d %s", e.Kind, e.Code)
}

func TestSAML_171_173_SingleLogoutEndsWhatItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := key(t, theirKey)
	c := w.partingCompany(t, k)
	for _, binding := range []string{samlforge.RedirectBinding, samlforge.PostBinding} {
		one, two, bob := c.in(t, "alice", "s1"), c.in(t, "alice", "s2"), c.in(t, "bob", "s3")
		say := func(login, index string, change func(*samlforge.LogoutOptions)) {
			t.Helper()
			o := c.goodbye(login, index, k)
			o.Binding = binding
			if change != nil {
				change(&o)
			}
			parted, err := c.bring(t, forged(t, samlforge.LogoutRequest, o))
			if err != nil || !strings.HasPrefix(parted.Departure.URL, "https://idp.test/slo") || (parted.Departure.Form != nil) != (binding == samlforge.PostBinding) {
				t.Errorf("a logout of %s in %s = %+v, %v, want an answer to the provider", login, index, parted, err)
			}
		}
		say("alice", "s9", nil)
		say("bob", "s1", nil)
		say("nobody", "", nil)
		say("alice", "s1", func(o *samlforge.LogoutOptions) { o.Subject.Format = samlforge.Transient })
		say("alice", "s1", func(o *samlforge.LogoutOptions) { o.Subject.Format = "" })
		for _, s := range []string{w.ended(t, one.Session), w.ended(t, two.Session), w.ended(t, bob.Session)} {
			if s != "" {
				t.Fatalf("by %s: a session ended with %q though another was named", binding, s)
			}
		}
		say("alice", "s1", nil)
		if w.ended(t, one.Session) != "idp_logout" || w.ended(t, two.Session) != "" {
			t.Errorf("by %s: s1 ended with %q and s2 with %q, want only the first ended", binding, w.ended(t, one.Session), w.ended(t, two.Session))
		}
		say("alice", "", nil)
		if w.ended(t, two.Session) != "idp_logout" || w.ended(t, bob.Session) != "" {
			t.Errorf("by %s: s2 ended with %q and bob's with %q, want all of alice's ended", binding, w.ended(t, two.Session), w.ended(t, bob.Session))
		}
	}
}

func TestSAML_170_171_172_174_AForgedLogoutEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k, evil := key(t, theirKey), key(t, evilKey)
	victim, attacker := w.partingCompany(t, k), w.partingCompany(t, evil)
	alice := victim.in(t, "alice", "s1")
	for _, binding := range []string{samlforge.RedirectBinding, samlforge.PostBinding} {
		for what, change := range map[string]func(*samlforge.LogoutOptions){
			"an unsigned request":               func(o *samlforge.LogoutOptions) { o.Key = nil },
			"one by another tenant's provider":  func(o *samlforge.LogoutOptions) { o.Key = evil },
			"one for another address":           func(o *samlforge.LogoutOptions) { o.Destination = attacker.signIn.LogoutURL(attacker.connection.ID) },
			"one of another issuer":             func(o *samlforge.LogoutOptions) { o.IdP = attacker.connection.SAML.EntityID },
			"an old one":                        func(o *samlforge.LogoutOptions) { o.Now = o.Now.Add(-time.Hour) },
			"an expired one":                    func(o *samlforge.LogoutOptions) { o.NotOnOrAfter = o.Now.Add(-2 * time.Minute) },
			"a document that is none":           func(o *samlforge.LogoutOptions) { o.Wire = func([]byte) []byte { return []byte("<x/>") } },
			"one with a RelayState of 81 bytes": func(o *samlforge.LogoutOptions) { o.RelayState = strings.Repeat("x", 81) },
		} {
			o := victim.goodbye("alice", "s1", k)
			o.Binding = binding
			change(&o)
			victim.stays(t, what+" by "+binding, func() (sso.Parted, error) { return victim.bring(t, forged(t, samlforge.LogoutRequest, o)) })
		}
	}
	// What the other tenant's provider may say, it may say of its own people alone, whatever it calls them.
	o := attacker.goodbye("alice", "s1", evil)
	if _, err := attacker.bring(t, forged(t, samlforge.LogoutRequest, o)); err != nil {
		t.Errorf("a logout at the provider's own connection = %v, want nil", err)
	}
	honest := forged(t, samlforge.LogoutRequest, victim.goodbye("alice", "s1", k))
	attacker.stays(t, "a request for another connection", func() (sso.Parted, error) { return attacker.bring(t, honest) })
	if got := w.ended(t, alice.Session); got != "" {
		t.Fatalf("the session ended with %q", got)
	}
	if _, err := victim.bring(t, honest); err != nil || w.ended(t, alice.Session) != "idp_logout" {
		t.Errorf("the honest logout = %v, and the session ended with %q", err, w.ended(t, alice.Session))
	}
	again := victim.in(t, "alice", "s1")
	victim.stays(t, "the same request again", func() (sso.Parted, error) { return victim.bring(t, honest) })
	if got := w.ended(t, again.Session); got != "" {
		t.Errorf("a replay ended a session with %q", got)
	}
}

func TestSAML_172_OfManyEqualLogoutsOneIsObeyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := key(t, theirKey)
	c := w.partingCompany(t, k)
	c.in(t, "alice", "s1")
	m := forged(t, samlforge.LogoutRequest, c.goodbye("alice", "s1", k))
	outcomes := make([]error, 8)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { _, outcomes[i] = c.bring(t, m) })
	}
	all.Wait()
	n := 0
	for _, err := range outcomes {
		if err == nil {
			n++
		} else if codeOf(err) != "400 logout_refused" {
			t.Errorf("a logout = %v, want 400 logout_refused", err)
		}
	}
	if n != 1 {
		t.Errorf("%d of many equal logouts were obeyed, want 1", n)
	}
}

// TestALogoutReachesEveryInstance: each instance listens, and forgets what it knows of a session that is named.
func TestALogoutReachesEveryInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := key(t, theirKey)
	c := w.partingCompany(t, k)
	alice := c.in(t, "alice", "s1")
	conn, err := pgx.Connect(t.Context(), w.admin.Config().ConnString())
	must(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), "LISTEN "+db.Channel)
	must(t, err)
	_, err = c.bring(t, forged(t, samlforge.LogoutRequest, c.goodbye("alice", "", k)))
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n, err := conn.WaitForNotification(ctx)
	if err != nil || !strings.HasSuffix(n.Payload, " session "+alice.Session.String()) {
		t.Errorf("told %+v, %v, want session %s", n, err, alice.Session)
	}
	var count int
	must(t, w.admin.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE tenant_id::text = $1 AND type = 'session.all_revoked'
		AND data ->> 'reason' = 'idp_logout'`, c.tenant.ID.UUID().String()).Scan(&count))
	if count != 1 {
		t.Errorf("%d events, want 1", count)
	}
}

// left is a browser that signed out here and was sent to the provider.
type left struct {
	redirect sso.Redirect
	state    string
	request  string // the ID of the LogoutRequest
}

func (l left) cookie() *http.Cookie { return l.redirect.Cookie() }

// leave signs a person out over a connection that takes its messages by POST, where they are easy to read.
func (c *company) leave(tb testing.TB, login, index string) left {
	tb.Helper()
	issued := c.in(tb, login, index)
	to, err := c.signIn.Leave(visitor(tb), c.principal(tb, issued))
	must(tb, err)
	if got := c.ended(tb, issued.Session); got != "signed_out" {
		tb.Fatalf("after Leave the session ended with %q, want signed_out", got)
	}
	sent := readLogout(tb, to, key(tb, ourKey).Cert)
	if sent.name != "sub-"+login || sent.index != index || sent.format != samlforge.Persistent {
		tb.Errorf("Leave tells the provider of %+v, want %s in %s", sent, login, index)
	}
	return left{redirect: to, state: sent.state, request: sent.id}
}

func TestSAML_175_SignOutComesBackOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := key(t, theirKey)
	c, other := w.partingCompany(t, k), w.partingCompany(t, key(t, evilKey))
	mine, theirs := c.leave(t, "alice", "s1"), c.leave(t, "bob", "s2")
	answer := func(l left, change func(*samlforge.LogoutOptions)) samlforge.LogoutMessage {
		o := c.goodbye("", "", k)
		o.InResponseTo, o.RelayState = l.request, l.state
		if change != nil {
			change(&o)
		}
		return forged(t, samlforge.LogoutResponse, o)
	}
	for what, do := range map[string]func() (sso.Parted, error){
		"no cookie":       func() (sso.Parted, error) { return c.bring(t, answer(mine, nil)) },
		"another browser": func() (sso.Parted, error) { return c.bring(t, answer(mine, nil), theirs.cookie()) },
		"two cookies":     func() (sso.Parted, error) { return c.bring(t, answer(mine, nil), mine.cookie(), mine.cookie()) },
		"another InResponseTo": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.InResponseTo = theirs.request }), mine.cookie())
		},
		"no InResponseTo": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.InResponseTo = "" }), mine.cookie())
		},
		"no state": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.RelayState = "" }), mine.cookie())
		},
		"another state": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.RelayState = theirs.state }), mine.cookie())
		},
		"another issuer": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.IdP = "https://other.test" }), mine.cookie())
		},
		"no signature": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.Key = nil }), mine.cookie())
		},
		"an empty document": func() (sso.Parted, error) {
			return c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.Wire = func([]byte) []byte { return nil } }), mine.cookie())
		},
		"another connection": func() (sso.Parted, error) {
			return other.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.Key = key(t, evilKey) }), mine.cookie())
		},
		"the state of elsewhere": func() (sso.Parted, error) { return other.foreign(t, mine) },
	} {
		c.stays(t, "an answer with "+what, do)
	}
	parted, err := c.bring(t, answer(mine, func(o *samlforge.LogoutOptions) { o.Status = samlforge.StatusRequester }), mine.cookie())
	if err != nil || parted.State != mine.state || parted.Departure.URL != "" {
		t.Errorf("the answer = %+v, %v, want the end of the sign-out", parted, err)
	}
	c.stays(t, "a second answer", func() (sso.Parted, error) { return c.bring(t, answer(mine, nil), mine.cookie()) })
	late := answer(theirs, func(o *samlforge.LogoutOptions) { o.Now = o.Now.Add(11 * time.Minute) })
	w.ahead.Store(int64(11 * time.Minute))
	c.stays(t, "an answer after eleven minutes", func() (sso.Parted, error) { return c.bring(t, late, theirs.cookie()) })
}

// foreign answers a sign-out of another company at this one's connection, with the right issuer and key for it.
func (c *company) foreign(tb testing.TB, l left) (sso.Parted, error) {
	tb.Helper()
	o := c.goodbye("", "", key(tb, evilKey))
	o.InResponseTo, o.RelayState = l.request, l.state
	return c.bring(tb, forged(tb, samlforge.LogoutResponse, o), l.cookie())
}

func TestLeavingStaysHereWhereTheProviderCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, statement := range map[string]string{
		"no address":          "UPDATE connections SET saml = saml - 'slo' WHERE tenant_id::text = $1",
		"no key":              "DELETE FROM connection_keys WHERE tenant_id::text = $1",
		"another provider":    "UPDATE connections SET issuer = 'https://other.test' WHERE tenant_id::text = $1",
		"a closed connection": "UPDATE connections SET status = 'disabled' WHERE tenant_id::text = $1",
	} {
		c := w.partingCompany(t, key(t, theirKey))
		issued := c.in(t, "alice", "s1")
		c.exec(t, statement)
		to, err := c.signIn.Leave(visitor(t), c.principal(t, issued))
		if err != nil || to.URL != "" || c.ended(t, issued.Session) != "signed_out" {
			t.Errorf("Leave with %s = %+v, %v, and the session ended with %q; want it ended, and to stay", what, to, err, c.ended(t, issued.Session))
		}
	}
}
