package sso_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

func TestXT_004_005_006_OIDC_071_AProviderSpeaksOfItsOwnPeopleOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, evil := w.company(t), w.company(t)
	victim.add(t, victim.person("alice"))
	_, err := victim.enter(t, "alice")
	must(t, err)
	before := w.rows(t, victim)
	for name, test := range map[string]struct { //nolint:paralleltest // each compares the rows of one tenant
		user testidp.User
		want sso.Reason
	}{
		"XT-04 the owner's address":           {testidp.User{Email: "owner@" + victim.domain, EmailVerified: true}, sso.DomainNotAllowed},
		"XT-04 a colleague's address":         {testidp.User{Email: "alice@" + victim.domain, EmailVerified: true}, sso.DomainNotAllowed},
		"XT-06 subject and address":           {testidp.User{Subject: "sub-alice", Email: "alice@" + victim.domain, EmailVerified: true}, sso.DomainNotAllowed},
		"XT-09 the own tenant's owner":        {testidp.User{Email: "owner@" + evil.domain, EmailVerified: true}, sso.LinkRequired},
		"XT-09 in capitals":                   {testidp.User{Email: "OWNER@" + evil.domain, EmailVerified: true}, sso.LinkRequired},
		"XT-20 domain behind":                 {testidp.User{Email: "u@" + evil.domain + ".evil.test", EmailVerified: true}, sso.DomainNotAllowed},
		"XT-20 domain before":                 {testidp.User{Email: "u@evil" + evil.domain, EmailVerified: true}, sso.DomainNotAllowed},
		"XT-20 sub-domain":                    {testidp.User{Email: "u@sub." + evil.domain, EmailVerified: true}, sso.DomainNotAllowed},
		"XT-18 Cyrillic letter":               {testidp.User{Email: "own\u0435r@" + evil.domain, EmailVerified: true}, sso.EmailInvalid},
		"XT-18 dotless i":                     {testidp.User{Email: "adm\u0131n@" + evil.domain, EmailVerified: true}, sso.EmailInvalid},
		"XT-18 Kelvin sign":                   {testidp.User{Email: "mi\u212ae@" + evil.domain, EmailVerified: true}, sso.EmailInvalid},
		"XT-18 zero-width joiner":             {testidp.User{Email: "owner\u200d@" + evil.domain, EmailVerified: true}, sso.EmailInvalid},
		"XT-19 two @":                         {testidp.User{Email: "a@" + evil.domain + "@evil.test", EmailVerified: true}, sso.EmailInvalid},
		"XT-19 quotes":                        {testidp.User{Email: `"a@` + evil.domain + `"@evil.test`, EmailVerified: true}, sso.EmailInvalid},
		"XT-19 display name":                  {testidp.User{Email: "A <a@" + evil.domain + ">", EmailVerified: true}, sso.EmailInvalid},
		"XT-19 list":                          {testidp.User{Email: "a@" + evil.domain + ",b@evil.test", EmailVerified: true}, sso.EmailInvalid},
		"XT-19 address literal":               {testidp.User{Email: "a@[127.0.0.1]", EmailVerified: true}, sso.EmailInvalid},
		"XT-21 full-width domain":             {testidp.User{Email: "a@\uff43ompany-2.test", EmailVerified: true}, sso.EmailInvalid},
		"XT-22 nobody's domain":               {testidp.User{Email: "u@nobody.test", EmailVerified: true}, sso.DomainNotAllowed},
		"no address":                          {testidp.User{}, sso.EmailInvalid},
		"XT-30 an address that is not proven": {testidp.User{Email: "u@" + evil.domain, EmailVerified: false}, sso.EmailUnverified},
	} {
		t.Run(name, func(t *testing.T) {
			test.user.Login = "mallory"
			evil.add(t, test.user)
			evil.refused(t, test.want, func() (sso.Result, error) { return evil.enter(t, "mallory") })
		})
	}
	if diff := cmp.Diff(before, w.rows(t, victim)); diff != "" {
		t.Errorf("the victim's rows changed (-before +after):\n%s", diff)
	}
}

func TestXT_006_TheSameSubjectIsAnotherPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, evil := w.company(t), w.company(t)
	victim.add(t, victim.person("alice"))
	evil.add(t, testidp.User{Login: "alice", Subject: "sub-alice", Email: "alice@" + evil.domain, EmailVerified: true})
	one, err := victim.enter(t, "alice")
	must(t, err)
	two, err := evil.enter(t, "alice")
	must(t, err)
	if a, b := w.principal(t, one.Issued), w.principal(t, two.Issued); a.User == b.User {
		t.Errorf("one subject at two providers is one person %s, want two", a.User)
	}
}

func TestOIDC_076_XT_014_TheAddressOfAMemberWithAnotherSubject(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	_, err := c.enter(t, "alice")
	must(t, err)
	again := c.person("alice")
	again.Subject = "sub-reissued"
	c.add(t, again)
	c.refused(t, sso.IdentityChanged, func() (sso.Result, error) { return c.enter(t, "alice") })
}

func TestXT_016_SubjectsAreComparedByteByByte(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	bob, capital := c.person("bob"), c.person("robert")
	bob.Subject, capital.Subject = "bob", "Bob"
	c.add(t, bob)
	c.add(t, capital)
	one, err := c.enter(t, "bob")
	must(t, err)
	two, err := c.enter(t, "robert")
	must(t, err)
	if a, b := c.principal(t, one.Issued), c.principal(t, two.Issued); a.User == b.User {
		t.Errorf("bob and Bob are one person, want two")
	}
}

func TestXT_024_FiftyFirstSignInsOfOnePerson(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	tabs := make([]*tab, 25)
	for i := range tabs {
		tabs[i] = c.begin(t).prove(t, c.idp, "alice")
	}
	var all sync.WaitGroup
	for _, back := range tabs {
		all.Go(func() {
			if _, err := c.signIn.Finish(visitor(t), back.request(t), sso.ProtocolOIDC, c.connection.ID); err != nil {
				t.Errorf("Finish = %v, want a session", err)
			}
		})
	}
	all.Wait()
	var people, identities, sessions int
	must(t, c.admin.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM memberships WHERE tenant_id::text = $1 AND source = 'jit'),
		(SELECT count(*) FROM identities WHERE connection_id::text = $2), (SELECT count(*) FROM sessions WHERE tenant_id::text = $1)`,
		c.tenant.ID.UUID().String(), c.connection.ID.UUID().String()).Scan(&people, &identities, &sessions))
	if people != 1 || identities != 1 || sessions != len(tabs) {
		t.Errorf("%d members, %d identities and %d sessions, want 1, 1 and %d", people, identities, sessions, len(tabs))
	}
	if lost := c.rows(t)["people of nowhere"]; lost != "0" {
		t.Errorf("%s users belong to nobody, want 0", lost)
	}
}

func TestXT_025_RemovalAndSuspensionHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		end  func(context.Context, *db.TenantTx, tenants.Membership) error
		want sso.Reason
		new  sso.Reason // of the same address with another subject
	}{
		"suspended": {func(ctx context.Context, tx *db.TenantTx, m tenants.Membership) error {
			_, err := tenants.SuspendMember(ctx, tx, m.ID)
			return err
		}, sso.MemberSuspended, sso.IdentityChanged},
		"removed": {func(ctx context.Context, tx *db.TenantTx, m tenants.Membership) error {
			return tenants.RemoveMember(ctx, tx, m.ID)
		}, sso.MemberRemoved, sso.MemberRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.company(t)
			c.add(t, c.person("alice"))
			in, err := c.enter(t, "alice")
			must(t, err)
			c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
				m, err := tenants.Member(ctx, tx, c.principal(t, in.Issued).Membership)
				if err != nil {
					return err
				}
				return test.end(ctx, tx, m)
			})
			c.refused(t, test.want, func() (sso.Result, error) { return c.enter(t, "alice") })
			again := c.person("alice")
			again.Subject = "sub-reissued"
			c.add(t, again)
			c.refused(t, test.new, func() (sso.Result, error) { return c.enter(t, "alice") })
		})
	}
}

func TestXT_022_JITCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	d := c.draft()
	d.JIT = false
	c.connection = c.connect(t, d)
	c.add(t, c.person("alice"))
	c.refused(t, sso.JITDisabled, func() (sso.Result, error) { return c.enter(t, "alice") })
}

func TestXT_011_NoClaimGivesARole(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	u := c.person("alice")
	u.Groups, u.Extra = []string{"owner", "admin"}, map[string]any{"role": "owner", "roles": []string{"owner"}}
	c.add(t, u)
	in, err := c.enter(t, "alice")
	must(t, err)
	if got := c.principal(t, in.Issued).Role; got != "member" {
		t.Errorf("role = %q, want member", got)
	}
}

func TestAProfileFollowsTheProviderButTakesNobodysAddress(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	in, err := c.enter(t, "alice")
	must(t, err)
	member := c.principal(t, in.Issued).Membership
	for _, test := range []struct {
		name     string
		email    string
		verified bool
		want     string
	}{
		{"Renamed", "alice.b@" + c.domain, true, "alice.b@" + c.domain},
		{"Greedy", "owner@" + c.domain, true, "alice.b@" + c.domain},
		{"Unproven", "alice.c@" + c.domain, false, "alice.b@" + c.domain},
		// Mail goes there: a tenant's provider must not choose who else in the world gets some.
		{"Elsewhere", "alice@victim.test", true, "alice.b@" + c.domain},
		{"Below", "alice@mail." + c.domain, true, "alice.b@" + c.domain},
	} {
		u := c.person("alice")
		u.Email, u.EmailVerified, u.Name = test.email, test.verified, test.name
		c.add(t, u)
		_, err := c.enter(t, "alice")
		must(t, err)
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
			m, err := tenants.Member(ctx, tx, member)
			if m.Name != test.name || m.Email != test.want {
				t.Errorf("%s: profile is %q %q, want %q %q", test.name, m.Name, m.Email, test.name, test.want)
			}
			return err
		})
	}
}
