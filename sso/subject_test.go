package sso_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestXT_14_AnotherSubjectForTheSameAddressIsNotThatPerson(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		first, err := c.comes(t, c.person("alice"))
		must(t, err)
		reissued := c.person("alice")
		reissued.Subject = "sub-reissued"
		c.refused(t, sso.IdentityChanged, func() (sso.Result, error) { return c.comes(t, reissued) })
		// The address moved, the subject stayed: one person all the same, and the old address is nobody's any more.
		renamed := c.person("alice")
		renamed.Email = "alice.b@" + c.domain
		second, err := c.comes(t, renamed)
		must(t, err)
		if a, b := c.principal(t, first.Issued), c.principal(t, second.Issued); a.User != b.User || b.Email != renamed.Email {
			t.Errorf("after the address changed: user %s with %s, want %s with %s", b.User, b.Email, a.User, renamed.Email)
		}
		other := c.person("alice")
		other.Subject = "sub-other"
		third, err := c.comes(t, other)
		must(t, err)
		if a, b := c.principal(t, first.Issued), c.principal(t, third.Issued); a.User == b.User {
			t.Error("who got an old address became the person who had it")
		}
	})
}

func TestXT_14_ATransientNameLetsNobodyIn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolSAML)
	r, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID})
	must(t, err)
	c.refused(t, sso.NameIDTransient, func() (sso.Result, error) {
		return c.comesBack(t, r, c.connection.ID, c.person("alice"), sso.Refuse(sso.NameIDTransient))
	})
}

func TestXT_15_NobodyHasAnEmptyName(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		who := c.person("alice")
		who.Subject = ""
		c.refused(t, sso.SubjectInvalid, func() (sso.Result, error) { return c.comes(t, who) })
	})
}

func TestXT_16_SubjectsThatDifferInCaseAreTwoPeople(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		bob, capital := c.person("bob"), c.person("robert")
		bob.Subject, capital.Subject = "bob", "Bob"
		one, err := c.comes(t, bob)
		must(t, err)
		two, err := c.comes(t, capital)
		must(t, err)
		if c.principal(t, one.Issued).User == c.principal(t, two.Issued).User {
			t.Error("bob and Bob are one person, want two")
		}
		capital.Email = bob.Email
		again, err := c.comes(t, capital)
		must(t, err)
		if p := c.principal(t, again.Issued); p.Email != "robert@"+c.domain {
			t.Errorf("Bob has the address %s now, want to keep his own", p.Email)
		}
	})
}

func TestXT_04_05_09_18_19_20_21_22_AProviderOfEitherProtocolSpeaksOfItsOwnDomains(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		victim := c.company.company(t)
		victim.add(t, victim.person("alice"))
		before := c.rows(t, victim)
		for email, want := range map[string]sso.Reason{
			"owner@" + victim.domain:         sso.DomainNotAllowed,
			"alice@" + victim.domain:         sso.DomainNotAllowed,
			"owner@" + c.domain:              sso.LinkRequired,
			"OWNER@" + c.domain:              sso.LinkRequired,
			"u@" + c.domain + ".evil.test":   sso.DomainNotAllowed,
			"u@evil" + c.domain:              sso.DomainNotAllowed,
			"u@sub." + c.domain:              sso.DomainNotAllowed,
			"own\u0435r@" + c.domain:         sso.EmailInvalid,
			"mi\u212ae@" + c.domain:          sso.EmailInvalid,
			"owner\u200d@" + c.domain:        sso.EmailInvalid,
			"a@" + c.domain + "@evil.test":   sso.EmailInvalid,
			`"a@` + c.domain + `"@evil.test`: sso.EmailInvalid,
			"a@" + c.domain + "\n@evil.test": sso.EmailInvalid,
			"A <a@" + c.domain + ">":         sso.EmailInvalid,
			"a@" + c.domain + ",b@evil.test": sso.EmailInvalid,
			"a@[127.0.0.1]":                  sso.EmailInvalid,
			"a@\uff43ompany-1.test":          sso.EmailInvalid,
			"a@" + c.domain + ".":            sso.EmailInvalid,
			"u@nobody.test":                  sso.DomainNotAllowed,
			"":                               sso.EmailInvalid,
		} {
			who := c.person("mallory")
			who.Email = email
			c.refused(t, want, func() (sso.Result, error) { return c.comes(t, who) })
		}
		unproven := c.person("mallory")
		unproven.EmailVerified = false
		c.refused(t, sso.EmailUnverified, func() (sso.Result, error) { return c.comes(t, unproven) })
		if diff := cmp.Diff(before, c.rows(t, victim)); diff != "" {
			t.Errorf("the other tenant's rows changed (-before +after):\n%s", diff)
		}
	})
}

func TestXT_20_AProfileTakesAddressesOfTheTenantsDomainsOnly(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		_, err := c.comes(t, c.person("alice"))
		must(t, err)
		for _, email := range []string{"alice@victim.test", "alice@sub." + c.domain, "owner@" + c.domain, "not an address"} {
			who := c.person("alice")
			who.Email = email
			_, err := c.comes(t, who)
			must(t, err)
			if got := c.member(t, "alice").Email; got != "alice@"+c.domain {
				t.Errorf("after the provider said %q the address is %s", email, got)
			}
		}
	})
}

func TestXT_01_AnAnswerToAnotherConnectionIsRefused(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		other := c.connectOracle(t)
		r, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID})
		must(t, err)
		c.refused(t, sso.ConnectionMismatch, func() (sso.Result, error) { return c.comesBack(t, r, other.ID, c.person("alice"), nil) })
		// The same person by another connection is another identity.
		_, err = c.comes(t, c.person("alice"))
		must(t, err)
		over, err := c.signIn.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: other.ID})
		must(t, err)
		c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.comesBack(t, over, other.ID, c.person("alice"), nil) })
	})
}

func TestXT_25_AMemberWhoIsOutStaysOut(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol)
		in, err := c.comes(t, c.person("alice"))
		must(t, err)
		m := c.principal(t, in.Issued).Membership
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := tenants.SuspendMember(ctx, tx, m)
			return err
		})
		c.refused(t, sso.MemberSuspended, func() (sso.Result, error) { return c.comes(t, c.person("alice")) })
		c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, m) })
		c.refused(t, sso.MemberRemoved, func() (sso.Result, error) { return c.comes(t, c.person("alice")) })
		again := c.person("alice")
		again.Subject = id.New[id.Request]().String()
		c.refused(t, sso.MemberRemoved, func() (sso.Result, error) { return c.comes(t, again) })
	})
}
