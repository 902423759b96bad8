package sso_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
)

// ignored holds a response to what one that nobody asked for is worth: the reason, and nothing changed, not even an attempt.
func (c *company) ignored(tb testing.TB, what string, reason sso.Reason, do func() (sso.Result, error)) {
	tb.Helper()
	before, attempts := c.rows(tb, c), c.attempts(tb, c.tenant.ID)
	result, err := do()
	if got := sso.ReasonOf(err); got != reason {
		tb.Errorf("%s = %v, want %s", what, err, reason)
	}
	if result.Unconfirmed != nil || result.Issued.Access != "" {
		tb.Errorf("%s may go on", what)
	}
	if diff := cmp.Diff(before, c.rows(tb, c)); diff != "" {
		tb.Errorf("%s changed rows (-before +after):\n%s", what, diff)
	}
	if diff := cmp.Diff(attempts, c.attempts(tb, c.tenant.ID)); diff != "" {
		tb.Errorf("%s left attempts (-before +after):\n%s", what, diff)
	}
}

func TestSAML_137_141_144_145_UnsolicitedResponsesAreRefusedUnlessAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	off, on := w.samlCompany(t, sso.SAML{}), w.samlCompany(t, sso.SAML{IdPInitiated: true})
	off.ignored(t, "an unsolicited response where that is off", sso.UnsolicitedResponse, func() (sso.Result, error) {
		return off.post(t, off.response("alice"))
	})
	off.ignored(t, "one with a RelayState of the provider's own", sso.UnsolicitedResponse, func() (sso.Result, error) {
		return off.post(t, off.response("alice", "RelayState", "https://app.test/"))
	})
	on.ignored(t, "anonymous garbage", sso.SignatureKeyUnknown, func() (sso.Result, error) {
		return on.post(t, on.response("alice", "signed_by", off.connection.ID.String()))
	})
	// Without a state, what claims to answer a request is refused, also if the request is a live one of the same browser.
	tab := on.begin(t)
	form := on.asked(tab, "alice")
	form.Del("RelayState")
	if _, err := on.post(t, form, tab.cookie()); sso.ReasonOf(err) != sso.InResponseToMismatch {
		t.Errorf("an answer without its state = %v, want %s", err, sso.InResponseToMismatch)
	}
	for status, reason := range map[sso.Status]sso.Reason{sso.Drafted: sso.UnsolicitedResponse, sso.Disabled: sso.UnsolicitedResponse} {
		_, err := w.admin.Exec(t.Context(), "UPDATE connections SET status = $1 WHERE id::text = $2", string(status), on.connection.ID.UUID().String())
		must(t, err)
		on.ignored(t, "an unsolicited response to a connection that is "+string(status), reason, func() (sso.Result, error) {
			return on.post(t, on.response("alice"))
		})
	}
	_, err := w.admin.Exec(t.Context(), "UPDATE connections SET status = 'optional' WHERE id::text = $1", on.connection.ID.UUID().String())
	must(t, err)
	on.suspend(t)
	on.ignored(t, "an unsolicited response to a suspended tenant", sso.UnsolicitedResponse, func() (sso.Result, error) {
		return on.post(t, on.response("alice"))
	})
}

func TestSAML_142_AnUnsolicitedResponseLetsNobodyInBeforeThePersonConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{IdPInitiated: true})
	before := c.rows(t, c)
	result, err := c.post(t, c.response("alice"))
	must(t, err)
	if result.Unconfirmed == nil || result.Issued.Access != "" {
		t.Fatalf("result = %+v, want one that has to be confirmed", result)
	}
	if diff := cmp.Diff(before, c.rows(t, c)); diff != "" {
		t.Errorf("before the confirmation rows changed (-before +after):\n%s", diff)
	}
	here := browser(t, *result.Unconfirmed)
	shown, err := w.signIn.Unconfirmed(visitor(t), here, result.State, nil)
	must(t, err)
	if want := (sso.Unconfirmed{Name: "ALICE", Email: "alice@" + c.domain, Slug: c.tenant.Slug, Tenant: c.tenant.Name}); shown != want {
		t.Errorf("Unconfirmed = %+v, want %+v", shown, want)
	}
	stranger := browser(t, sso.Redirect{CookieName: result.Unconfirmed.CookieName, CookieValue: "another"})
	if _, err := w.signIn.Unconfirmed(visitor(t), stranger, result.State, nil); sso.ReasonOf(err) != sso.WrongBrowser {
		t.Errorf("Unconfirmed in another browser = %v, want %s", err, sso.WrongBrowser)
	}
	if _, err := w.signIn.Confirm(visitor(t), stranger, result.State, nil); sso.ReasonOf(err) != sso.WrongBrowser {
		t.Errorf("Confirm in another browser = %v, want %s", err, sso.WrongBrowser)
	}
	owner := c.redeem(t)
	if _, err := w.signIn.Confirm(visitor(t), here, result.State, owner); !errors.Is(err, sso.ErrSignedIn) {
		t.Errorf("Confirm while the owner is signed in = %v, want %v", err, sso.ErrSignedIn)
	}
	in, err := w.signIn.Confirm(visitor(t), here, result.State, nil)
	must(t, err)
	alice := w.principal(t, in.Issued)
	if alice.Email != "alice@"+c.domain || alice.Method != "saml" {
		t.Errorf("signed in as %s by %s, want alice by saml", alice.Email, alice.Method)
	}
	if _, err := w.signIn.Confirm(visitor(t), here, result.State, nil); sso.ReasonOf(err) != sso.AttemptUsed {
		t.Errorf("Confirm again = %v, want %s", err, sso.AttemptUsed)
	}
	rec := c.latest(t)
	if rec.Source != sso.FromIdP || rec.Outcome != sso.Succeeded || rec.MembershipID != alice.Membership || len(rec.Held) > 0 {
		t.Errorf("attempt = %s %s of %s, want one from the provider that succeeded", rec.Source, rec.Outcome, rec.MembershipID)
	}

	// The same person again: there is nothing to confirm, and still nobody else's session to replace.
	again, err := c.post(t, c.response("alice"))
	must(t, err)
	shown, err = w.signIn.Unconfirmed(visitor(t), browser(t, *again.Unconfirmed), again.State, alice)
	must(t, err)
	if !shown.Already {
		t.Error("the provider's own session of the same person is not recognized")
	}
	shown, err = w.signIn.Unconfirmed(visitor(t), browser(t, *again.Unconfirmed), again.State, owner)
	must(t, err)
	if shown.Already {
		t.Error("the owner's session is taken for alice's")
	}
}

func TestSAML_133_135_142_AnUnsolicitedAssertionCountsOnce(t *testing.T) {
	t.Parallel()
	c := newWorld(t).samlCompany(t, sso.SAML{IdPInitiated: true})
	form := c.response("alice")
	result, err := c.post(t, form)
	must(t, err)
	c.refused(t, sso.AssertionReplayed, func() (sso.Result, error) { return c.post(t, form) })
	// Repeating it does not fill the table.
	c.ignored(t, "the same once more", sso.AssertionReplayed, func() (sso.Result, error) { return c.post(t, form) })
	tab := c.begin(t)
	form.Set("InResponseTo", tab.redirect.Form.Get("SAMLRequest"))
	form.Set("RelayState", tab.redirect.Form.Get("RelayState"))
	c.refused(t, sso.AssertionReplayed, func() (sso.Result, error) { return c.post(t, form, tab.cookie()) })

	here := browser(t, *result.Unconfirmed)
	var all sync.WaitGroup
	outcomes := make(chan error, 20)
	for range cap(outcomes) {
		all.Go(func() {
			_, err := c.signIn.Confirm(visitor(t), here, result.State, nil)
			outcomes <- err
		})
	}
	all.Wait()
	close(outcomes)
	in := 0
	for err := range outcomes {
		if err == nil {
			in++
		} else if sso.ReasonOf(err) != sso.AttemptUsed {
			t.Errorf("Confirm = %v, want a session or %s", err, sso.AttemptUsed)
		}
	}
	if in != 1 {
		t.Errorf("%d sessions, want 1", in)
	}
}

func TestSAML_140_142_WhatMayEndAConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		meanwhile func(*company)
		want      sso.Reason
	}{
		"ten minutes":           {func(c *company) { c.age(t, 11*time.Minute) }, sso.AttemptExpired},
		"a suspended tenant":    {func(c *company) { c.suspend(t) }, sso.TenantInactive},
		"a changed connection":  {func(c *company) { c.exec(t, "UPDATE connections SET version = version + 1 WHERE tenant_id::text = $1") }, sso.ConnectionChanged},
		"a disabled connection": {func(c *company) { c.exec(t, "UPDATE connections SET status = 'disabled' WHERE tenant_id::text = $1") }, sso.ConnectionInactive},
	} {
		c := w.samlCompany(t, sso.SAML{IdPInitiated: true})
		result, err := c.post(t, c.response("alice"))
		must(t, err)
		test.meanwhile(c)
		before := c.rows(t, c)
		if _, err := w.signIn.Confirm(visitor(t), browser(t, *result.Unconfirmed), result.State, nil); sso.ReasonOf(err) != test.want {
			t.Errorf("Confirm after %s = %v, want %s", name, err, test.want)
		}
		if diff := cmp.Diff(before, c.rows(t, c)); diff != "" {
			t.Errorf("after %s rows changed (-before +after):\n%s", name, diff)
		}
	}
}

func TestSAML_138_139_143_AnAnswerBelongsToOneBrowserAndConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.samlCompany(t, sso.SAML{IdPInitiated: true}), w.samlCompany(t, sso.SAML{IdPInitiated: true})
	mine, theirs := c.begin(t), c.begin(t)
	c.refused(t, sso.WrongBrowser, func() (sso.Result, error) { return c.post(t, c.asked(theirs, "alice"), mine.cookie()) })
	foreign := c.asked(c.begin(t), "alice")
	tab := c.begin(t)
	foreign.Set("RelayState", tab.redirect.Form.Get("RelayState"))
	c.refused(t, sso.InResponseToMismatch, func() (sso.Result, error) { return c.post(t, foreign, tab.cookie()) })
	tab = c.begin(t)
	form := c.asked(tab, "alice", "signed_by", other.connection.ID.String())
	c.refused(t, sso.ConnectionMismatch, func() (sso.Result, error) { return other.post(t, form, tab.cookie()) })
	if _, err := c.post(t, c.response("alice", "InResponseTo", mine.redirect.Form.Get("SAMLRequest"))); sso.ReasonOf(err) != sso.InResponseToMismatch {
		t.Errorf("an answer to a request without its state = %v, want %s", err, sso.InResponseToMismatch)
	}
	_, err := c.post(t, c.asked(mine, "alice"), mine.cookie())
	must(t, err)
}

func TestEachUseOfALegacySwitchIsAnEvent(t *testing.T) {
	t.Parallel()
	c := newWorld(t).samlCompany(t, sso.SAML{})
	for range 2 {
		tab := c.begin(t)
		_, err := c.post(t, c.asked(tab, "alice", "legacy", "sha1"), tab.cookie())
		must(t, err)
	}
	var n int
	must(t, c.admin.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE tenant_id::text = $1 AND type = 'connection.legacy_used'
		AND data -> 'switches' ? 'sha1'`, c.tenant.ID.UUID().String()).Scan(&n))
	if n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func (c *company) exec(tb testing.TB, statement string) {
	tb.Helper()
	_, err := c.admin.Exec(tb.Context(), statement, c.tenant.ID.UUID().String())
	must(tb, err)
}

// age makes the attempts of the company older.
func (c *company) age(tb testing.TB, by time.Duration) {
	tb.Helper()
	_, err := c.admin.Exec(tb.Context(), `UPDATE attempts SET created_at = created_at - $2::interval, expires_at = expires_at - $2::interval
		WHERE tenant_id::text = $1`, c.tenant.ID.UUID().String(), by.String())
	must(tb, err)
}

// latest is the company's last attempt, as administrators see it.
func (c *company) latest(tb testing.TB) (rec sso.Record) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		list, err := sso.Attempts(ctx, tx, sso.AttemptFilter{}, rec.ID, 1)
		if err == nil && len(list) == 1 {
			rec = list[0]
		}
		return err
	})
	return rec
}
