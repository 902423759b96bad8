package sso_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// lockedOut plays people who had come in before and are refused now.
func (c *company) lockedOut(tb testing.TB, who map[string]sso.Last) {
	tb.Helper()
	for login, last := range who {
		if _, err := c.returning(tb, login, last); err == nil {
			tb.Fatalf("%s came in, want a refusal", login)
		}
	}
}

// undone lists the versions that the last roll-back took back, as its event says.
func (c *company) undone(tb testing.TB) (list []int64) {
	tb.Helper()
	var text string
	must(tb, c.world.admin.QueryRow(tb.Context(), `SELECT data ->> 'undone_versions' FROM events
		WHERE tenant_id::text = $1 AND type = 'connection.rolled_back' ORDER BY id DESC LIMIT 1`, c.tenant.ID.UUID().String()).Scan(&text))
	must(tb, json.Unmarshal([]byte(text), &list))
	return list
}

func TestAHarmlessChangeDoesNotHideTheOneBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	outbox := w.postman(t)
	who := map[string]sso.Last{"mia": c.cameIn(t, "mia"), "noah": c.cameIn(t, "noah")}
	before := c.stored(t).Version
	w.ahead.Add(int64(time.Minute))
	c.spoil(t)
	must(t, c.move(authn.AsOperator(t.Context()), sso.Required))
	c.change(t, func(d *sso.Draft) { d.Name, d.JIT = "Renamed", false })
	w.ahead.Add(int64(time.Minute))
	c.lockedOut(t, who)
	now := c.stored(t)
	if c.happened(t, "connection.rolled_back") != 1 || now.SecretHint != c.connection.SecretHint {
		t.Fatalf("the bad secret was not taken back: secret %s", now.SecretHint)
	}
	if now.Status != sso.Required || !c.requiresSSO(t) || now.Name != "Renamed" || now.JIT {
		t.Errorf("the roll-back took back what is no cause: %+v", now)
	}
	if diff := cmp.Diff([]int64{before + 3, before + 2, before + 1}, c.undone(t)); diff != "" {
		t.Errorf("undone versions (-want +got):\n%s", diff)
	}
	m := letter(t, outbox, c.owner.Email, "was taken back")
	for _, want := range []string{"Taken back: client secret.", "changed 3 times"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the letter does not say %q:\n%s", want, m.Text)
		}
	}
}

func TestWatchingIsWhatWouldBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	watching := func() (fields []string) {
		t.Helper()
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
			changes, err := sso.Watching(ctx, tx, c.stored(t))
			for _, change := range changes {
				fields = append(fields, change.Field)
			}
			return err
		})
		return fields
	}
	until := c.stored(t).WatchedUntil
	c.change(t, func(d *sso.Draft) { d.JIT = false })
	if now := c.stored(t).WatchedUntil; !cmp.Equal(until, now) {
		t.Errorf("after a harmless change alone the connection is watched until %v, want %v", now, until)
	}
	w.ahead.Add(int64(time.Minute))
	c.spoil(t)
	spoiled := c.stored(t)
	w.ahead.Add(int64(time.Minute))
	c.change(t, func(d *sso.Draft) { d.Name, d.JIT = "Renamed", true })
	if diff := cmp.Diff([]string{"client secret"}, watching()); diff != "" {
		t.Errorf("Watching after a deciding and a harmless change (-want +got):\n%s", diff)
	}
	if now := c.stored(t).WatchedUntil; !cmp.Equal(spoiled.WatchedUntil, now) {
		t.Errorf("a harmless change moved the watch's end from %v to %v", spoiled.WatchedUntil, now)
	}
	w.ahead.Store(int64(25 * time.Hour))
	if got := watching(); got != nil {
		t.Errorf("Watching after the watch's end = %v, want nothing", got)
	}
}

func TestOfTwoChangesThePeriodDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	c.change(t, func(d *sso.Draft) { d.Claims.Picture = "photo" })
	w.ahead.Add(int64(time.Minute))
	c.spoil(t)
	c.lockedOut(t, map[string]sso.Last{"mia": mia})
	w.ahead.Add(int64(time.Minute))
	c.change(t, func(d *sso.Draft) { d.Claims.Name = "nickname" })
	c.lockedOut(t, map[string]sso.Last{"noah": noah}) // one since the later change, two since the one before
	now := c.stored(t)
	if now.SecretHint != c.connection.SecretHint || now.Claims.Name != "" || now.Claims.Picture != "photo" || len(c.undone(t)) != 2 {
		t.Errorf("after one refusal before and one after a harmless change: secret %s, claims %+v", now.SecretHint, now.Claims)
	}
	if now.WatchedUntil == nil || !now.WatchedUntil.Before(now.UpdatedAt.Add(24*time.Hour)) {
		t.Errorf("the connection is watched until %v, want a day after the change that is left", now.WatchedUntil)
	}
}

func TestAChangeOfYesterdayIsNotTakenBackByOneOfToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	who := map[string]sso.Last{"mia": c.cameIn(t, "mia"), "noah": c.cameIn(t, "noah")}
	outbox := w.postman(t)
	c.spoil(t)
	w.ahead.Store(int64(23 * time.Hour))
	c.change(t, func(d *sso.Draft) { d.JIT = false })
	w.ahead.Store(int64(25 * time.Hour))
	c.lockedOut(t, who)
	if n := c.happened(t, "connection.rolled_back"); n != 0 {
		t.Error("a change was taken back after its watch")
	}
	m := letter(t, outbox, c.owner.Email, "People cannot sign in")
	if strings.Contains(m.Text, "was changed here") || !strings.Contains(m.Text, "joining at the first sign-in") {
		t.Errorf("the letter does not name what was changed lately:\n%s", m.Text)
	}
}

func TestOwnersHearThatNothingWasChangedOnlyIfSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	who := map[string]sso.Last{"mia": c.cameIn(t, "mia"), "noah": c.cameIn(t, "noah")}
	outbox := w.postman(t)
	w.ahead.Store(int64(8 * 24 * time.Hour))
	must(t, c.idp.Play("OIDC-040"))
	c.lockedOut(t, who)
	if m := letter(t, outbox, c.owner.Email, "People cannot sign in"); !strings.Contains(m.Text, "None of its settings was changed") {
		t.Errorf("the letter does not say that nothing was changed:\n%s", m.Text)
	}
}

func TestWhatAnotherVersionRefusedTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	mia, noah := c.cameIn(t, "mia"), c.cameIn(t, "noah")
	c.change(t, func(d *sso.Draft) { d.Claims.Name = "nickname" })
	broken := func(answer map[string]any) { delete(answer, "id_token") }
	c.idp.Misbehave(testidp.Fault{Times: 1, Token: broken})
	c.lockedOut(t, map[string]sso.Last{"mia": mia})
	c.idp.Misbehave(testidp.Fault{Times: 1, Token: func(answer map[string]any) {
		c.change(t, func(d *sso.Draft) { d.Claims.Name = "given_name" }) // an owner repairs it while noah is on his way
		broken(answer)
	}})
	c.lockedOut(t, map[string]sso.Last{"noah": noah})
	if now := c.stored(t); now.Claims.Name != "given_name" || c.happened(t, "connection.rolled_back") != 0 {
		t.Errorf("a refusal by the version of before took the owner's repair back: name from %s", now.Claims.Name)
	}
}

func TestAnAnswerThatABrowserMadeUpTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{})
	play := func(login string, last sso.Last, more ...string) (sso.Result, error) {
		r, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID, Last: last})
		must(t, err)
		tab := &tab{w: c.world, redirect: r}
		return c.post(t, c.asked(tab, login, more...), tab.cookie())
	}
	who := map[string]sso.Last{}
	for _, login := range []string{"mia", "noah"} {
		result, err := play(login, sso.Last{})
		must(t, err)
		who[login] = result.Last
	}
	w.ahead.Store(int64(2 * time.Hour))
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { // what an owner has hardened
		_, err := c.signIn.Move(ctx, tx, c.connection.ID, sso.Testing)
		return err
	})
	_, err := w.admin.Exec(t.Context(), "UPDATE connection_versions SET settings = jsonb_set(settings, '{ClientID}', '\"other\"') WHERE connection_id::text = $1",
		c.connection.ID.UUID().String())
	must(t, err)
	for reason, want := range map[sso.Reason]int{sso.ResponseMalformed: 0, sso.AssertionExpired: 0} {
		for login, last := range who {
			if _, err := play(login, last, "wrong", string(reason)); sso.ReasonOf(err) != reason {
				t.Fatalf("a response that is wrong = %v, want %s", err, reason)
			}
		}
		if n := c.happened(t, "connection.rolled_back"); n != want {
			t.Errorf("%s took a change back", reason)
		}
	}
	if n := w.notices(t, c); n != 1 {
		t.Errorf("the owner got %d letters, want one about the lock-out", n)
	}
	for login, last := range who {
		_, _ = play(login, last, "wrong", string(sso.AudienceMismatch))
	}
	if n := c.happened(t, "connection.rolled_back"); n != 1 {
		t.Errorf("what a setting can cause took %d changes back, want 1", n)
	}
}

func TestTheFormerProviderDoesNotComeBackByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, approved := range map[string]bool{"identities are approved": true, "identities wait": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.company(t)
			who := map[string]sso.Last{"mia": c.cameIn(t, "mia"), "noah": c.cameIn(t, "noah")}
			other, err := w.idp.AddIssuer(testidp.Issuer{
				Name: c.tenant.Slug + "-2", Algorithm: testidp.ES256, Clients: []testidp.Client{{ID: clientID, Secret: clientSecret}},
				Users: []testidp.User{c.person("mia"), c.person("noah")},
			})
			must(t, err)
			c.idp = other
			c.change(t, func(d *sso.Draft) { d.Issuer, d.ClientSecret = other.URL(), secret.New(clientSecret) })
			if until := c.stored(t).WatchedUntil; until != nil {
				t.Errorf("another provider is watched until %v, want never: it is not taken back", until)
			}
			must(t, c.move(authn.AsOperator(t.Context()), sso.Optional))
			if approved {
				c.approve(t)
			}
			must(t, other.Play("OIDC-040"))
			c.lockedOut(t, who)
			if now := c.stored(t); now.Issuer != other.URL() || c.happened(t, "connection.rolled_back") != 0 {
				t.Errorf("two people brought the former provider back: %s", now.Issuer)
			}
			other.Behave()
			if _, err := c.returning(t, "mia", who["mia"]); approved && err != nil {
				t.Errorf("after the provider was repaired: %v, want a session", err)
			}
		})
	}
}

// approve lets the identities of before count at the company's provider of today.
func (c *company) approve(tb testing.TB) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	must(tb, c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := c.signIn.ApproveIdentities(ctx, sys, tx, c.connection.ID)
		return err
	}))
}
