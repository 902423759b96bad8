package sso_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const why = "Our provider is down since nine."

// postman sends what waits in the queue, until the end of the test.
func (w *world) postman(tb testing.TB) *mail.Outbox {
	tb.Helper()
	ring, err := secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	must(tb, err)
	outbox, workers := &mail.Outbox{}, jobs.NewWorkers(w.db)
	jobs.HandleMail(workers, ring, outbox)
	runner, err := jobs.New(jobs.Config{Conn: w.db.Config(), Workers: workers, Log: slog.New(slog.DiscardHandler)})
	must(tb, err)
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		must(tb, <-done)
	})
	return outbox
}

// letter waits for the newest message to an address with a subject.
func letter(tb testing.TB, outbox *mail.Outbox, to, subject string) mail.Message {
	tb.Helper()
	for range 200 {
		for _, m := range outbox.Messages() {
			if m.To == to && strings.Contains(m.Subject, subject) {
				return m.Message
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("there is no letter %q to %s", subject, to)
	return mail.Message{}
}

// laptop is a browser that asks for the way back in.
type laptop struct {
	*company
	cookie *http.Cookie
}

func (l *laptop) request(tb testing.TB) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(visitor(tb), http.MethodPost, "/", nil)
	if l.cookie != nil {
		r.AddCookie(l.cookie)
	}
	return r
}

func (l *laptop) ask(tb testing.TB, address string) {
	tb.Helper()
	cookie, err := l.signIn.AskRecovery(visitor(tb), l.request(tb), l.tenant.Slug, address)
	must(tb, err)
	l.cookie = cookie
}

func (l *laptop) open(tb testing.TB, link secret.Credential, reason string) (sso.Result, error) {
	tb.Helper()
	return l.signIn.BreakGlass(visitor(tb), l.request(tb), sso.BreakGlass{Slug: l.tenant.Slug, Link: link, Reason: reason})
}

var recoveryLink = regexp.MustCompile(`#(ghb_\w+)`)

func linkIn(tb testing.TB, m mail.Message) secret.Credential {
	tb.Helper()
	found := recoveryLink.FindStringSubmatch(m.Text)
	if found == nil {
		tb.Fatalf("the letter has no link:\n%s", m.Text)
	}
	cred, err := secret.Parse(secret.PrefixRecovery, found[1])
	must(tb, err)
	return cred
}

// requireSSO makes single sign-on the only way in.
func (c *company) requireSSO(tb testing.TB) {
	tb.Helper()
	on := true
	c.policy(tb, tenants.PolicyChange{RequireSSO: &on})
}

func (c *company) recoveries(tb testing.TB) (all, used, ofNobody int) {
	tb.Helper()
	must(tb, c.admin.QueryRow(tb.Context(), `SELECT count(*), count(used_at), count(*) FILTER (WHERE membership_id IS NULL) FROM recoveries
		WHERE tenant_id::text = $1`, c.tenant.ID.UUID().String()).Scan(&all, &used, &ofNobody))
	return all, used, ofNobody
}

func TestXT_41_AnOwnerComesBackInWhenTheProviderIsBroken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, outbox := w.company(t), w.postman(t)
	second := c.join(t, "second", rbac.Owner)
	c.requireSSO(t)
	at := &laptop{company: c}
	at.ask(t, "Owner@"+strings.ToUpper(c.domain))
	invitation := letter(t, outbox, c.owner.Email, "without single sign-on")
	link := linkIn(t, invitation)
	if !strings.Contains(invitation.Text, base+"/login/"+c.tenant.Slug+"/recover/open#") {
		t.Errorf("the letter leads elsewhere:\n%s", invitation.Text)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var results []sso.Result
	for range 20 {
		wg.Go(func() {
			r, err := at.open(t, link, why)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				results = append(results, r)
			} else if !errors.Is(err, sso.ErrRecovery) {
				t.Errorf("BreakGlass = %v", err)
			}
		})
	}
	wg.Wait()
	if len(results) != 1 {
		t.Fatalf("20 at once came in %d times, want once", len(results))
	}
	p := c.principal(t, results[0].Issued)
	var life, age float64
	var amr string
	must(t, c.admin.QueryRow(t.Context(), `SELECT extract(epoch FROM expires_at - created_at), extract(epoch FROM created_at - auth_time), amr::text
		FROM sessions WHERE id::text = $1`, p.Session.UUID().String()).Scan(&life, &age, &amr))
	if p.Membership != c.owner.ID || p.Method != "link" || life != 3600 || age != 0 || amr != "{link}" {
		t.Errorf("session = %s by %s for %v s, proven %v s before, amr %s; want the owner's by link for an hour, proven now", p.Membership, p.Method, life, age, amr)
	}
	var reason, actor string
	must(t, c.admin.QueryRow(t.Context(), "SELECT data ->> 'reason', actor_id FROM events WHERE tenant_id::text = $1 AND type = 'sign_in.break_glass'",
		c.tenant.ID.UUID().String()).Scan(&reason, &actor))
	if reason != why || actor != c.owner.ID.String() {
		t.Errorf("event = %q by %s", reason, actor)
	}
	for _, owner := range []tenants.Membership{c.owner, second} {
		m := letter(t, outbox, owner.Email, "An owner came in")
		for _, want := range []string{"Our provider is down since nine", "192. 0. 2. 7", "with test"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the letter to %s does not say %q:\n%s", owner.Email, want, m.Text)
			}
		}
	}
	// What they came for: nobody needs single sign-on any more.
	ctx := authn.With(visitor(t), p)
	must(t, c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		return c.signIn.Require(ctx, tx, false)
	}))
}

func TestXT_41_EverybodyWhoAsksGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	admin, former := c.join(t, "admin", rbac.Admin), c.join(t, "former", rbac.Owner)
	c.suspendMember(t, former.ID)
	before := c.rows(t, c)
	shape := func(address string) string {
		at := &laptop{company: c}
		at.ask(t, address)
		k := *at.cookie
		if len(k.Value) < 40 {
			t.Errorf("cookie %q is short", k.Value)
		}
		k.Value = strings.Repeat("x", len(k.Value))
		return k.String()
	}
	owner := shape(c.owner.Email)
	for _, address := range []string{admin.Email, former.Email, "nobody@" + c.domain, "nobody@elsewhere.test"} {
		if got := shape(address); got != owner {
			t.Errorf("AskRecovery for %s answers %s, for the owner %s", address, got, owner)
		}
	}
	if n := c.notices(t, c); n != 1 {
		t.Errorf("letters = %d, want the owner's alone", n)
	}
	if all, _, nobody := c.recoveries(t); all != 5 || nobody != 4 {
		t.Errorf("recoveries = %d, of nobody %d; want 5 and 4", all, nobody)
	}
	if diff := cmp.Diff(before, c.rows(t, c)); diff != "" {
		t.Errorf("asking changed rows:\n%s", diff)
	}
	_, err := c.signIn.AskRecovery(visitor(t), (&laptop{company: c}).request(t), "nobody-at-all", c.owner.Email)
	if errs.As(err).Kind != errs.Missing {
		t.Errorf("AskRecovery at an unknown tenant = %v", err)
	}
	c.suspend(t)
	if got := shape(c.owner.Email); got != owner || c.notices(t, c) != 1 {
		t.Errorf("AskRecovery at a suspended tenant answers %s, and there are %d letters", got, c.notices(t, c))
	}
}

func TestXT_41_AskingIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	from := func(address string) context.Context {
		return authn.WithOrigin(t.Context(), authn.Origin{Address: address, UserAgent: "test"})
	}
	ask := func(ctx context.Context, email string) {
		_, err := c.signIn.AskRecovery(ctx, (&laptop{company: c}).request(t), c.tenant.Slug, email)
		must(t, err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { ask(from("192.0.2.7"), c.owner.Email) })
	}
	wg.Wait()
	if n := c.notices(t, c); n != 3 {
		t.Errorf("10 requests from one network made %d letters, want 3", n)
	}
	ask(from("198.51.100.1"), c.owner.Email)
	if n := c.notices(t, c); n != 4 {
		t.Errorf("a stranger's requests keep the owner from asking elsewhere: %d letters", n)
	}
	for i := range 20 {
		ask(from("198.51.100."+string(rune('1'+i%9))), c.owner.Email)
	}
	if n := c.notices(t, c); n != 12 {
		t.Errorf("requests from everywhere made %d letters, want 12", n)
	}
	c.ahead.Add(int64(time.Hour + time.Second))
	ask(from("192.0.2.7"), c.owner.Email)
	if n := c.notices(t, c); n != 13 {
		t.Errorf("an hour later there are %d letters, want 13", n)
	}
	if all, _, _ := c.recoveries(t); all != 1 {
		t.Errorf("an hour later there are %d rows, want 1", all)
	}
}

func TestXT_41_ALinkThatDoesNotBreakTheGlass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other, outbox := w.company(t), w.company(t), w.postman(t)
	second := c.join(t, "second", rbac.Owner)
	c.requireSSO(t)
	at := &laptop{company: c}
	refused := func(what string, l *laptop, link secret.Credential, reason, code string) {
		t.Helper()
		rows, notices := w.rows(t, c, other), c.notices(t, c)
		result, err := l.open(t, link, reason)
		if errs.CodeOf(err) != code || result.Issued.Access != "" {
			t.Errorf("BreakGlass with %s = %v, want %s", what, err, code)
		}
		if diff := cmp.Diff(rows, w.rows(t, c, other)); diff != "" || c.notices(t, c) != notices {
			t.Errorf("BreakGlass with %s changed rows or sent letters:\n%s", what, diff)
		}
	}
	at.ask(t, second.Email)
	link := linkIn(t, letter(t, outbox, second.Email, "without single sign-on"))
	refused("no reason", at, link, "", "invalid_input")
	refused("a short reason", at, link, "  because   ", "invalid_input")
	refused("a long reason", at, link, strings.Repeat("because ", 100), "invalid_input")
	refused("an invisible reason", at, link, "because\u202e\u200b\u200b\u200b\u200b", "invalid_input")
	refused("no cookie", &laptop{company: c}, link, why, "recovery_unusable")
	elsewhere := &laptop{company: c}
	elsewhere.ask(t, "nobody@"+c.domain)
	refused("another browser", elsewhere, link, why, "recovery_unusable")
	refused("the page of another tenant", &laptop{company: other, cookie: at.cookie}, link, why, "recovery_unusable")
	guess := link
	guess.Secret[0] ^= 1
	refused("a wrong secret", at, guess, why, "recovery_unusable")
	moved := link
	moved.Tenant = other.tenant.ID.Bytes()
	refused("another tenant's id", &laptop{company: other, cookie: at.cookie}, moved, why, "recovery_unusable")
	kind := link
	kind.Prefix = secret.PrefixSignInLink
	refused("another kind", at, kind, why, "recovery_unusable")

	c.setRole(t, second, rbac.Admin)
	refused("an owner no more", at, link, why, "recovery_unusable")
	c.setRole(t, second, rbac.Owner)
	refused("a link that was tried meanwhile", at, link, why, "recovery_unusable")

	at.ask(t, c.owner.Email)
	link = linkIn(t, letter(t, outbox, c.owner.Email, "without single sign-on"))
	c.ahead.Add(int64(15 * time.Minute))
	refused("a link after 15 minutes", at, link, why, "recovery_unusable")
}

func (c *company) setRole(tb testing.TB, m tenants.Membership, role rbac.Role) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, role)
		return err
	})
}

func TestXT_40_WhereSSOIsRequiredNothingElseLetsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	on := true
	c.policy(t, tenants.PolicyChange{GoogleEnabled: &on})
	member := c.join(t, "member", rbac.Member)
	var links []secret.Credential
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		link, err := tenants.IssueLink(ctx, tx, member, time.Hour)
		links = append(links, link)
		return err
	})
	c.requireSSO(t)
	before := c.rows(t, c)
	if _, err := c.signIn.RedeemLink(visitor(t), links[0]); sso.ReasonOf(err) != sso.SSORequired {
		t.Errorf("a member's link = %v, want %s", err, sso.SSORequired)
	}
	if _, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: id.Google}); sso.ReasonOf(err) != sso.GoogleNotAllowed {
		t.Errorf("Google = %v, want %s", err, sso.GoogleNotAllowed)
	}
	at := &laptop{company: c}
	at.ask(t, member.Email)
	if n := c.notices(t, c); n != 0 {
		t.Errorf("a member asked for the owners' way in and got %d letters", n)
	}
	held, cookie := c.holder(t, sso.NewSetupLink{})
	if p := held.Principal(); p.Kind == authn.Member || !p.Session.IsZero() || cookie.Name != sso.SetupCookie {
		t.Errorf("a set-up link made a session: %+v", p)
	}
	if diff := cmp.Diff(before, c.rows(t, c)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

func TestXT_41_AProviderDoesNotChooseAnOwnersAddress(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	for _, role := range []rbac.Role{rbac.Owner, rbac.Member} {
		name := string(role) + "-olga"
		person := c.person(name)
		c.add(t, person)
		_, err := c.enter(t, name)
		must(t, err)
		before := person.Email
		m := c.memberAt(t, before)
		c.setRole(t, m, role)
		person.Email = name + "-attacker@" + c.domain
		c.add(t, person)
		_, err = c.enter(t, name)
		must(t, err)
		var now string
		must(t, c.admin.QueryRow(t.Context(), "SELECT email FROM memberships WHERE id::text = $1", m.ID.UUID().String()).Scan(&now))
		if kept := now == before; kept != (role == rbac.Owner) {
			t.Errorf("the provider changed the address of an %s: it is %s", role, now)
		}
	}
}

func (c *company) memberAt(tb testing.TB, email string) (m tenants.Membership) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		m, err = tenants.MemberByEmail(ctx, tx, email)
		return err
	})
	return m
}
