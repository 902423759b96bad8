package sso_test

import (
	"context"
	"errors"
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

// dryRun tests the company's connection as login, and holds it to leave nothing behind but the attempt, its events and the time of the test.
func (c *company) dryRun(tb testing.TB, p *authn.Principal, candidate *sso.Prepared, login string) sso.DryRun {
	tb.Helper()
	r, err := c.signIn.BeginTest(visitor(tb), p, c.connection.ID, candidate)
	back := c.over(tb, r, err, login)
	before := c.everything(tb)
	result, err := back.finish(tb)
	must(tb, err)
	if result.DryRun == nil || result.Issued.Access != "" || result.Issued.Refresh != "" || result.Purpose != sso.ForTest {
		tb.Fatalf("a test ends with %+v, want a dry run and no tokens", result)
	}
	if diff := cmp.Diff(before, c.everything(tb)); diff != "" {
		tb.Errorf("a dry run changed rows (-before +after):\n%s", diff)
	}
	return *result.DryRun
}

// everything is a hash of each table that has rows of the company, but for what a test may leave.
func (c *company) everything(tb testing.TB) map[string]string {
	tb.Helper()
	rows, err := c.admin.Query(tb.Context(), `SELECT table_name, bool_or(column_name = 'tenant_id') FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name NOT IN ('attempts', 'attempt_documents', 'events', 'goose_db_version') GROUP BY table_name`)
	must(tb, err)
	defer rows.Close()
	tables := map[string]bool{}
	for rows.Next() {
		var name string
		var tenants bool
		must(tb, rows.Scan(&name, &tenants))
		tables[name] = tenants
	}
	must(tb, rows.Err())
	state := map[string]string{}
	for name, ofTenant := range tables {
		query := "SELECT count(*) || ' ' || md5(COALESCE(string_agg((to_jsonb(x) - 'tested_at')::text, '|' ORDER BY x::text), '')) FROM " + name + " x"
		var s string
		if ofTenant {
			must(tb, c.admin.QueryRow(tb.Context(), query+" WHERE tenant_id::text = $1", c.tenant.ID.UUID().String()).Scan(&s))
		} else {
			must(tb, c.admin.QueryRow(tb.Context(), query).Scan(&s))
		}
		state[name] = s
	}
	return state
}

func TestADryRunShowsWhatASignInWouldDo(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	owner := c.redeem(t)
	dry := c.dryRun(t, owner, nil, "alice")
	if !dry.Proven || dry.Refusal != "" || !dry.Joins || dry.Before != nil || dry.Hidden {
		t.Errorf("dry run = %+v, want a new member", dry)
	}
	want := []sso.Change{{"email", "", "alice@" + c.domain}, {"name", "", "ALICE"}, {"role", "", "member"}}
	if diff := cmp.Diff(want, dry.Changes); diff != "" {
		t.Errorf("changes of somebody new (-want +got):\n%s", diff)
	}
	for _, claim := range dry.Claims {
		for _, v := range claim.Values {
			if strings.Contains(v, "alice") || strings.Contains(v, "ALICE") {
				t.Errorf("the claim %s shows %q", claim.Name, v)
			}
		}
	}
	if len(dry.Claims) < 5 || dry.Identity.Email != "alice@"+c.domain {
		t.Errorf("the claims are %v, the address is %q", dry.Claims, dry.Identity.Email)
	}
	rec := c.latest(t)
	if rec.Source != sso.FromTest || rec.Outcome != sso.Succeeded || !rec.MembershipID.IsZero() || rec.UserID != owner.User {
		t.Errorf("attempt = %s %s of %s, want a test that succeeded for nobody", rec.Source, rec.Outcome, rec.MembershipID)
	}

	// Then she comes in, and changes her name.
	_, err := c.enter(t, "alice")
	must(t, err)
	u := c.person("alice")
	u.Name = "Alice Doe"
	c.add(t, u)
	dry = c.dryRun(t, owner, nil, "alice")
	if dry.Joins || dry.Before == nil || dry.Before.Name != "ALICE" {
		t.Errorf("dry run of a member = %+v, want her as she is", dry)
	}
	if diff := cmp.Diff([]sso.Change{{"name", "ALICE", "Alice Doe"}}, dry.Changes); diff != "" {
		t.Errorf("changes of a member (-want +got):\n%s", diff)
	}
}

func TestADryRunSaysWhoWouldBeRefusedAndWhy(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	owner := c.redeem(t)
	c.add(t, c.person("owner"))
	c.add(t, testidp.User{Login: "bob", Subject: "sub-bob", Email: "bob@elsewhere.test", EmailVerified: true})
	dry := c.dryRun(t, owner, nil, "owner")
	if !dry.Proven || dry.Refusal != sso.LinkRequired || dry.Before == nil || dry.Before.ID != c.owner.ID || dry.After != nil {
		t.Errorf("dry run = %s, member %v, want %s and the owner, whose address it is", dry.Refusal, dry.Before, sso.LinkRequired)
	}
	if got := c.latest(t); got.Outcome != sso.Refused || got.Reason != sso.LinkRequired {
		t.Errorf("attempt = %s %s, want refused", got.Outcome, got.Reason)
	}
	dry = c.dryRun(t, owner, nil, "bob")
	if last := dry.Checks[len(dry.Checks)-1]; dry.Refusal != sso.DomainNotAllowed || last.Name != "domain" || last.Got != "elsewhere.test" {
		t.Errorf("dry run = %s, last check %+v, want the domain that is not allowed", dry.Refusal, last)
	}
	// The connection itself works, so it counts as tested; a provider whose answer is refused does not.
	if c.testedAt(t) == nil {
		t.Error("tested_at is empty after a test that proved somebody")
	}
	c.exec(t, "UPDATE connections SET tested_at = NULL WHERE tenant_id::text = $1")
	c.idp.Misbehave(testidp.Fault{Claims: func(m map[string]any) { m["iss"] = "https://evil.test" }})
	dry = c.dryRun(t, owner, nil, "bob")
	if last := dry.Checks[len(dry.Checks)-1]; dry.Proven || dry.Refusal != sso.IssuerMismatch || last.Name != "issuer" || last.Got != "https://evil.test" {
		t.Errorf("dry run = %s, last check %+v, want the issuer that is another", dry.Refusal, last)
	}
	if at := c.testedAt(t); at != nil {
		t.Errorf("tested_at = %v after a test that proved nobody", at)
	}
}

func TestADryRunWorksOnADraftAndForWhoMayStillSeeIt(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	owner := c.redeem(t)
	c.exec(t, "UPDATE connections SET status = 'draft' WHERE tenant_id::text = $1")
	if dry := c.dryRun(t, owner, nil, "alice"); dry.Refusal != "" || !dry.Joins {
		t.Errorf("dry run of a draft = %s, want a new member", dry.Refusal)
	}
	r, err := c.signIn.BeginTest(visitor(t), owner, c.connection.ID, nil)
	back := c.over(t, r, err, "alice")
	c.exec(t, "UPDATE sessions SET revoked_at = now() WHERE tenant_id::text = $1")
	before := c.everything(t)
	if result, err := back.finish(t); sso.ReasonOf(err) != sso.SessionEnded || result.DryRun != nil {
		t.Errorf("a test whose session ended = %v, want %s", err, sso.SessionEnded)
	}
	if diff := cmp.Diff(before, c.everything(t)); diff != "" {
		t.Errorf("rows changed (-before +after):\n%s", diff)
	}
}

func TestWhoCameByASetupLinkSeesNothingOfMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("owner"))
	c.add(t, c.person("nobody"))
	c.add(t, testidp.User{Login: "bob", Subject: "sub-bob", Email: "bob@elsewhere.test", EmailVerified: true})
	held, _ := c.holder(t, sso.NewSetupLink{Connection: c.connection.ID})
	holder := held.Principal()
	seen := map[string]string{}
	for _, login := range []string{"owner", "nobody", "bob"} {
		dry := c.dryRun(t, holder, nil, login)
		if !dry.Hidden || dry.Before != nil || dry.After != nil || dry.Changes != nil || dry.Joins || dry.Refusal != "" {
			t.Errorf("dry run of %s shows %+v", login, dry)
		}
		if dry.Identity.Email == "" || len(dry.Claims) == 0 {
			t.Errorf("dry run of %s does not show what is mapped", login)
		}
		seen[login] = names(dry.Checks)
	}
	if seen["owner"] != seen["nobody"] || strings.Contains(seen["owner"], "member") {
		t.Errorf("a member and a stranger differ:\n%s\n%s", seen["owner"], seen["nobody"])
	}
	if !strings.HasSuffix(seen["bob"], "domain!") {
		t.Errorf("the rule about domains is not shown: %s", seen["bob"])
	}
	if _, err := w.signIn.BeginTest(visitor(t), holder, c.connect(t, c.draft()).ID, nil); errs.CodeOf(err) != "not_found" {
		t.Errorf("BeginTest of a connection that is not the link's = %v, want not_found", err)
	}
	r, err := c.signIn.BeginTest(visitor(t), holder, c.connection.ID, nil)
	begun := c.over(t, r, err, "owner")
	c.revoke(t, held.Link.ID)
	if result, err := begun.finish(t); sso.ReasonOf(err) != sso.SessionEnded || result.DryRun != nil {
		t.Errorf("a test by a revoked link = %v, want %s", err, sso.SessionEnded)
	}
	if _, err := c.signIn.BeginTest(visitor(t), holder, c.connection.ID, nil); !errors.Is(err, sso.ErrSetupLink) {
		t.Errorf("BeginTest by a revoked link = %v, want %v", err, sso.ErrSetupLink)
	}
	again, _ := c.holder(t, sso.NewSetupLink{Connection: c.connection.ID})
	if _, err := w.signIn.BeginTest(visitor(t), again.Principal(), id.Google, nil); errs.CodeOf(err) != "not_found" {
		t.Errorf("BeginTest of Google by a set-up link = %v, want not_found", err)
	}
	if _, err := w.signIn.BeginTest(visitor(t), w.company(t).redeem(t), c.connection.ID, nil); errs.CodeOf(err) != "not_found" {
		t.Errorf("BeginTest of another tenant's connection = %v, want not_found", err)
	}
}

func TestACandidateIsTriedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	owner := c.redeem(t)
	d := c.draft()
	d.Version, d.JIT = c.connection.Version, false
	prepared, err := c.signIn.Prepare(t.Context(), d)
	must(t, err)
	dry := c.dryRun(t, owner, &prepared, "alice")
	if dry.Refusal != sso.JITDisabled || !dry.Candidate || dry.Connection.JIT {
		t.Errorf("dry run of a candidate = %s, want %s", dry.Refusal, sso.JITDisabled)
	}
	if rec := c.latest(t); len(rec.Held) > 0 || c.testedAt(t) != nil {
		t.Errorf("the candidate is still held, or the live connection counts as tested at %v", c.testedAt(t))
	}
	// Another provider, with another secret; the live connection stays what it is.
	elsewhere := c.company(t)
	elsewhere.add(t, c.person("alice"))
	d = c.draft()
	d.Version, d.Issuer = c.connection.Version, elsewhere.idp.URL()
	prepared, err = c.signIn.Prepare(t.Context(), d)
	must(t, err)
	r, err := c.signIn.BeginTest(visitor(t), owner, c.connection.ID, &prepared)
	must(t, err)
	back := (&tab{w: c.world, redirect: r}).prove(t, elsewhere.idp, "alice")
	result, err := back.finish(t)
	must(t, err)
	if got := result.DryRun.Identity.Issuer; got != elsewhere.idp.URL() || !result.DryRun.Joins {
		t.Errorf("the candidate's issuer is %s, want %s", got, elsewhere.idp.URL())
	}
	if in, err := c.enter(t, "alice"); err != nil || c.principal(t, in.Issued).Email != "alice@"+c.domain {
		t.Errorf("a sign-in after the tests = %v", err)
	}
}

func (c *company) testedAt(tb testing.TB) (at *time.Time) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		made, err := sso.ConnectionByID(ctx, tx, c.connection.ID)
		at = made.TestedAt
		return err
	})
	return at
}

func TestADryRunShowsWhatGroupsGive(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	u := c.person("alice")
	u.Groups = []string{"Engineering", "Everyone"}
	c.add(t, u)
	owner := c.redeem(t)
	d := c.draft()
	d.Version, d.Claims.Groups, d.GroupRoles = c.connection.Version, "groups", []sso.GroupRole{{Group: "Engineering", Role: "viewer"}}
	prepared, err := c.signIn.Prepare(t.Context(), d)
	must(t, err)
	dry := c.dryRun(t, owner, &prepared, "alice")
	if dry.Groups == nil || dry.Groups.Role != "viewer" || dry.Groups.Unknown.Count != 1 || dry.After == nil || dry.After.Role != "viewer" {
		t.Errorf("dry run = groups %+v, member %+v, want a viewer by Engineering, and one group without a role", dry.Groups, dry.After)
	}
	c.idp.Misbehave(testidp.Fault{Claims: func(m map[string]any) {
		delete(m, "groups")
		m["_claim_names"] = map[string]any{"groups": "src1"} // as Entra ID does for who is in too many
		m["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://graph.windows.net/x/users/y/getMemberObjects"}}
	}})
	dry = c.dryRun(t, owner, &prepared, "alice")
	if dry.Groups != nil || !dry.Identity.GroupsMissing || dry.Refusal != "" {
		t.Errorf("dry run without the claim = groups %+v, refusal %s, want nothing said about groups", dry.Groups, dry.Refusal)
	}
}
