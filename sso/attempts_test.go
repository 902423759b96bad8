package sso_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// names are the checks of an attempt, the failed one with a bang.
func names(checks []sso.Check) string {
	var list []string
	for _, c := range checks {
		name := c.Name
		if !c.OK {
			name += "!"
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}

func TestAnAttemptSaysWhatWasExpectedAndWhatCame(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	const accepted = "browser, callback, age, connection, provider's answer, token endpoint, token header, signing key, signature, " +
		"issuer, audience, authorized party, expiry, issue time, lifetime, not before, nonce, token type, access token"
	in, err := c.enter(t, "alice")
	must(t, err)
	rec := c.latest(t)
	if got, want := names(rec.Checks), accepted+", email, member, joining, email_verified, domain"; got != want {
		t.Errorf("checks of a sign-in = %s\nwant %s", got, want)
	}
	who := c.principal(t, in.Issued)
	if rec.Outcome != sso.Succeeded || rec.Stage != sso.Finished || rec.Subject != "sub-alice" || rec.Email != who.Email ||
		rec.MembershipID != who.Membership || rec.UserID != who.User || rec.Expected+rec.Got != "" {
		t.Errorf("attempt = %+v, want one of alice that succeeded", rec)
	}

	c.add(t, testidp.User{Login: "bob", Subject: "sub-bob", Email: "bob@elsewhere.test", EmailVerified: true})
	c.refused(t, sso.DomainNotAllowed, func() (sso.Result, error) { return c.enter(t, "bob") })
	rec = c.latest(t)
	if rec.Stage != sso.Verified || rec.Subject != "sub-bob" || rec.Email != "bob@elsewhere.test" || rec.Got != "elsewhere.test" ||
		rec.Expected == "" || !rec.MembershipID.IsZero() {
		t.Errorf("attempt = %s of %s, expected %q, got %q, want a proven bob with his domain", rec.Stage, rec.Email, rec.Expected, rec.Got)
	}

	c.idp.Misbehave(testidp.Fault{Claims: func(m map[string]any) { m["aud"] = "another client" }})
	_, err = c.enter(t, "alice")
	rec = c.latest(t)
	if sso.ReasonOf(err) != sso.AudienceMismatch || rec.Expected != clientID || rec.Got != "another client" || rec.Stage != sso.Verified ||
		!strings.HasSuffix(names(rec.Checks), "issuer, audience!") {
		t.Errorf("attempt = %v %s, expected %q, got %q after %s", err, rec.Stage, rec.Expected, rec.Got, names(rec.Checks))
	}
}

func TestThePersonsTraceLeadsToTheAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	c.add(t, testidp.User{Login: "bob", Email: "bob@elsewhere.test", EmailVerified: true})
	back := c.begin(t).prove(t, c.idp, "bob")
	ctx := authn.WithOrigin(t.Context(), authn.Origin{RequestID: "req_the_callback", Address: "192.0.2.7"})
	if _, err := c.signIn.Finish(ctx, back.request(t), sso.ProtocolOIDC, c.connection.ID); sso.ReasonOf(err) != sso.DomainNotAllowed {
		t.Fatalf("Finish = %v, want %s", err, sso.DomainNotAllowed)
	}
	found := func(c *company, f sso.AttemptFilter) (list []sso.Record) {
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
			list, err = sso.Attempts(ctx, tx, f, id.Attempt{}, 10)
			return err
		})
		return list
	}
	list := found(c, sso.AttemptFilter{Trace: "req_the_callback"})
	if len(list) != 1 || list[0].Reason != sso.DomainNotAllowed {
		t.Fatalf("attempts of the trace = %+v, want the refused one", list)
	}
	if list := found(other, sso.AttemptFilter{Trace: "req_the_callback"}); len(list) != 0 {
		t.Errorf("another tenant finds %d attempts by the trace", len(list))
	}
	c.begin(t)
	for what, test := range map[string]struct {
		filter sso.AttemptFilter
		want   int
	}{
		"all":                {sso.AttemptFilter{}, 2},
		"refused":            {sso.AttemptFilter{Outcome: sso.Refused}, 1},
		"pending":            {sso.AttemptFilter{Outcome: sso.Pending}, 1},
		"the reason":         {sso.AttemptFilter{Reason: sso.DomainNotAllowed}, 1},
		"another reason":     {sso.AttemptFilter{Reason: sso.JITDisabled}, 0},
		"the connection":     {sso.AttemptFilter{Connection: c.connection.ID}, 2},
		"another connection": {sso.AttemptFilter{Connection: other.connection.ID}, 0},
		"lately":             {sso.AttemptFilter{Since: time.Now().Add(-time.Hour)}, 2},
		"later":              {sso.AttemptFilter{Since: time.Now().Add(time.Hour)}, 0},
		"by the provider":    {sso.AttemptFilter{Source: sso.FromIdP}, 0},
	} {
		if got := len(found(c, test.filter)); got != test.want {
			t.Errorf("%s: %d attempts, want %d", what, got, test.want)
		}
	}
	for of, want := range map[*company]string{c: "", other: "not_found"} {
		err := of.db.Tenant(t.Context(), of.tenant.ID, func(tx *db.TenantTx) error {
			_, err := sso.AttemptByID(t.Context(), tx, list[0].ID)
			return err
		})
		if err == nil && want != "" || err != nil && errs.CodeOf(err) != want {
			t.Errorf("AttemptByID = %v, want %q", err, want)
		}
	}
}

func TestABrowserRemembersWhoCameInLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	c.add(t, c.person("alice"))
	in, err := c.enter(t, "alice")
	must(t, err)
	alice := c.principal(t, in.Issued)
	last := sso.Last{Tenant: c.tenant.ID, Connection: c.connection.ID, Member: alice.Membership}
	cookie := w.signIn.Cookie(last)
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
		t.Errorf("cookie = %v, want a hidden and secure one", cookie)
	}
	read := func(cookies ...*http.Cookie) sso.Last {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, http.NoBody)
		must(t, err)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return w.signIn.LastOf(r)
	}
	if got := read(cookie); got != last {
		t.Errorf("LastOf = %v, want %v", got, last)
	}
	forged := *cookie
	forged.Value = strings.Replace(cookie.Value, c.tenant.ID.String(), other.tenant.ID.String(), 1)
	for what, cookies := range map[string][]*http.Cookie{
		"none": nil, "a forged one": {&forged}, "two": {cookie, cookie}, "half": {{Name: sso.LastCookie, Value: cookie.Value[:60]}},
	} {
		if got := read(cookies...); got != (sso.Last{}) {
			t.Errorf("LastOf %s = %v, want nobody", what, got)
		}
	}

	// Who had come in before and is refused now is known by the attempt; a cookie of another way in says nothing.
	for what, test := range map[string]struct {
		at   *company
		last sso.Last
		want id.Membership
	}{
		"the same way":       {c, last, alice.Membership},
		"another connection": {c, sso.Last{Tenant: c.tenant.ID, Connection: other.connection.ID, Member: alice.Membership}, id.Membership{}},
		"another tenant":     {other, last, id.Membership{}},
	} {
		_, err := w.signIn.Begin(visitor(t), sso.Start{Slug: test.at.tenant.Slug, Connection: test.at.connection.ID, Last: test.last})
		must(t, err)
		if got := test.at.latest(t).KnownMemberID; got != test.want {
			t.Errorf("%s: known member = %s, want %s", what, got, test.want)
		}
	}
}

func TestCausesCountPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{})
	fail := func(login string, more ...string) {
		tab := c.begin(t)
		if _, err := c.post(t, c.asked(tab, login, more...), tab.cookie()); err == nil {
			t.Fatalf("%s came in", login)
		}
	}
	for _, login := range []string{"alice", "bob", "alice"} {
		fail(login, "wrong", string(sso.AudienceMismatch))
	}
	fail("alice", "signed_by", "another key")
	fail("carol", "email", "carol@elsewhere.test")
	fail("dave", "email", "dave@other.test")
	var causes []sso.Cause
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		if causes, err = sso.Causes(ctx, tx, id.Connection{}, tx.Now.Add(-time.Hour)); err != nil {
			return err
		}
		later, err := sso.Causes(ctx, tx, id.Connection{}, tx.Now.Add(time.Hour))
		if len(later) != 0 {
			t.Errorf("%d causes in the future", len(later))
		}
		return err
	})
	type row struct {
		Reason           sso.Reason
		Got              string
		Attempts, People int64
	}
	var got []row
	for _, cause := range causes {
		got = append(got, row{cause.Reason, cause.Got, cause.Attempts, cause.People})
		if cause.LastAt.Before(cause.FirstAt) || cause.FirstAt.IsZero() {
			t.Errorf("the cause %s is from %v to %v", cause.Reason, cause.FirstAt, cause.LastAt)
		}
	}
	want := []row{ // nobody is proven by a wrong key or for a wrong audience: one address is one person
		{sso.DomainNotAllowed, "other.test", 1, 1},
		{sso.DomainNotAllowed, "elsewhere.test", 1, 1},
		{sso.SignatureKeyUnknown, "another one", 1, 1},
		{sso.AudienceMismatch, "something else", 3, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Causes (-want +got):\n%s", diff)
	}
	for _, cause := range causes {
		if cause.Reason == sso.SignatureKeyUnknown && (!strings.HasPrefix(cause.Sentence(), "1 person failed since ") ||
			!strings.HasSuffix(cause.Sentence(), " because the provider's certificate has changed")) {
			t.Errorf("Sentence() = %q", cause.Sentence())
		}
	}
}
