package tenants_test

import (
	"fmt"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func (c *company) add(domain string) error {
	return c.in(c.operator(), func(tx *db.TenantTx) error { _, err := tenants.AddDomain(c.operator(), tx, domain); return err })
}

func (c *company) verify(domain string) error {
	return c.db.Admit(c.operator(), c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := tenants.VerifyDomain(c.operator(), sys, tx, domain)
		return err
	})
}

func (c *company) claim(domain string) error {
	if err := c.add(domain); err != nil {
		return err
	}
	return c.verify(domain)
}

func (w *world) route(domain string) (to id.Tenant, err error) {
	err = w.db.System(w.Context(), func(sys *db.SystemTx) error {
		to, err = tenants.RouteDomain(w.Context(), sys, domain)
		return err
	})
	return to, err
}

func TestDOM_01_PublicDomainsBelongToNobody(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, d := range []string{
		"gmail.com", "GMAIL.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "qq.com", "proton.me", "icloud.com", "gmx.de",
		"co.uk", "github.io", "com.au", "blogspot.com", "herokuapp.com", "xn--p1ai.com.ru.", "xn--gmail-.com", "com", "onmicrosoft.com",
		"s3.amazonaws.com", "pages.dev",
	} {
		c.refuse(c.operator(), "AddDomain("+d+")", errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.AddDomain(c.operator(), tx, d)
			return err
		})
	}
}

func TestXT_36_OnlyAVerifiedDomainRoutes(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	must(t, c.add("Corp.Example"))
	_, err := c.route("corp.example")
	wantCode(t, "RouteDomain of a pending domain", err, errNotFound)
	wantCode(t, "AddDomain of a listed domain", c.add("corp.example"), errs.New(errs.Conflict, "domain_exists", ""))
	must(t, c.verify("corp.example"))
	must(t, c.verify("corp.example")) // twice is once
	if to, err := c.route("corp.example"); err != nil || to != c.tenant.ID {
		t.Errorf("RouteDomain = %v, %v, want %v", to, err, c.tenant.ID)
	}
	for _, near := range []string{"sub.corp.example", "example", "corp.example.evil.test", "evilcorp.example", "corp.example.", "CORP.EXAMPLE", "%", ""} {
		if to, err := c.route(near); errs.As(err).Kind != errs.Missing {
			t.Errorf("RouteDomain(%q) = %v, %v, want nothing", near, to, err)
		}
	}
	want := map[events.Type]int{events.DomainAdded: 1, events.DomainVerified: 1}
	got := map[events.Type]int{}
	for _, typ := range c.log() {
		got[typ]++
	}
	for typ, n := range want {
		if got[typ] != n {
			t.Errorf("%d events %s, want %d", got[typ], typ, n)
		}
	}
}

func TestXT_20_SubdomainsProveNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	must(t, c.claim("victim.example"))
	must(t, other.claim("sub.victim.example"))
	for domain, want := range map[string]id.Tenant{"victim.example": c.tenant.ID, "sub.victim.example": other.tenant.ID} {
		if to, err := c.route(domain); err != nil || to != want {
			t.Errorf("RouteDomain(%q) = %v, %v, want %v", domain, to, err, want)
		}
	}
	c.refuse(c.operator(), "VerifiedDomain of a sub-domain", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.VerifiedDomain(c.operator(), tx, "x.victim.example")
		return err
	})
}

func TestDOM_05_OneTenantPerDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var verify []func() error
	for n := range 8 {
		c := w.company(fmt.Sprintf("tenant%d", n))
		must(t, c.add("corp.example"))
		verify = append(verify, func() error { return c.verify("corp.example") })
	}
	failed := race(verify...)
	if succeeded(failed) != 1 {
		t.Fatalf("of 8 tenants that verify one domain %d won, want 1: %v", succeeded(failed), failed)
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the others", err, errs.New(errs.Conflict, "domain_unavailable", ""))
		}
	}
	verified, err := query[int64](w, `SELECT count(*) FROM domains WHERE status = 'verified'`)
	if err != nil || verified[0] != 1 {
		t.Errorf("%v rows are verified (%v), want 1", verified, err)
	}
}

func TestDomainVerifiedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	must(t, c.add("corp.example"))
	if failed := race(repeat(10, func() error { return c.verify("corp.example") })...); succeeded(failed) != 10 {
		t.Errorf("VerifyDomain ten times at once = %v, want all to agree", failed)
	}
}

func TestDomainRoutesOnlyToOwnConnections(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	must(t, c.claim("corp.example"))
	c.refuse(c.operator(), "RouteDomainTo of an unknown connection", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.RouteDomainTo(c.operator(), tx, "corp.example", id.New[id.Connection]())
		return err
	})
}
