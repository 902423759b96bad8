package tenants_test

import (
	"context"
	"testing"

	"github.com/miekg/dns"

	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestACustomerProvesADomainAlone(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	admin := r.as(r.join("admin", rbac.Admin))
	d := r.list(admin, "Corp.Example")
	if c := d.Challenge(); c.Name != "_gatehouse-challenge.corp.example" || len(c.Value) < len("gatehouse-domain-verification=")+43 {
		t.Errorf("Challenge() = %+v, want 32 random bytes below the domain", c)
	}
	got, err := r.check(admin, d.ID)
	must(t, err)
	if got.Status != tenants.DomainPending || got.Finding != tenants.FindingMissing || got.NextCheckAt == nil {
		t.Errorf("check without a record = %+v, want it pending", got)
	}
	r.leads("corp.example", id.Tenant{})
	r.dns.Set(d.Challenge().Name, "v=spf1 -all", d.Challenge().Value, "something-else=1")
	if got, err = r.check(admin, d.ID); err != nil || got.Status != tenants.DomainVerified || got.VerifiedBy != tenants.VerifiedByDNS {
		t.Errorf("check with the record = %+v, %v, want it verified", got, err)
	}
	r.leads("corp.example", r.tenant.ID)
	r.wantLog(events.DomainAdded, events.DomainVerified)
	if got, err = r.check(admin, d.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("a second check = %+v, %v, want no change", got, err)
	}
	r.wantLog(events.DomainAdded, events.DomainVerified)
}

func TestDOM_02_OnlyTheExactRecordProves(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	other := r.at(r.world.company("globex"))
	theirs := other.list(other.operator(), "corp.example")
	ours := r.list(r.operator(), "corp.example")
	elsewhere := r.list(r.operator(), "else.example")
	c := ours.Challenge()
	if c.Value == theirs.Challenge().Value || c.Value == elsewhere.Challenge().Value {
		t.Fatal("two domains have one token")
	}
	for name, set := range map[string]func(){
		"nothing":                      func() { r.dns.Set(c.Name) },
		"another tenant's token":       func() { r.dns.Set(c.Name, theirs.Challenge().Value) },
		"another domain's token":       func() { r.dns.Set(c.Name, elsewhere.Challenge().Value) },
		"in another case":              func() { r.dns.Set(c.Name, "GATEHOUSE-DOMAIN-VERIFICATION="+ours.Token) },
		"the token alone":              func() { r.dns.Set(c.Name, ours.Token) },
		"with a space":                 func() { r.dns.Set(c.Name, c.Value+" ") },
		"with more":                    func() { r.dns.Set(c.Name, "x "+c.Value) },
		"cut off":                      func() { r.dns.Set(c.Name, c.Value[:len(c.Value)-1]) },
		"empty":                        func() { r.dns.Set(c.Name, "") },
		"in parts":                     func() { r.dns.SetParts(c.Name, c.Value[:10], c.Value[10:]) },
		"with a second string":         func() { r.dns.SetParts(c.Name, c.Value, "x") },
		"at the domain":                func() { r.dns.Set(c.Name); r.dns.Set("corp.example", c.Value) },
		"below the name":               func() { r.dns.Set(c.Name); r.dns.Set("sub."+c.Name, c.Value) },
		"at a sub-domain":              func() { r.dns.Set(c.Name); r.dns.Set("_gatehouse-challenge.sub.corp.example", c.Value) },
		"behind an alias":              func() { r.dns.Set("evil.example", c.Value); r.dns.SetAlias(c.Name, "evil.example") },
		"behind an alias to itself":    func() { r.dns.SetAlias(c.Name, c.Name) },
		"and the server always failed": func() { r.dns.Set(c.Name, c.Value); r.dns.Fail(dns.RcodeServerFailure) },
	} {
		r.dns.Fail(dns.RcodeSuccess)
		set()
		if got, err := r.check(r.operator(), ours.ID); err != nil || got.Status != tenants.DomainPending || got.Finding == tenants.FindingFound {
			t.Errorf("%s: the domain is %s after %s (%v), want it pending", name, got.Status, got.Finding, err)
		}
		r.leads("corp.example", id.Tenant{})
	}
	// The token of a removed entry is gone with it.
	r.dns.Fail(dns.RcodeSuccess)
	r.set(ours)
	must(t, r.remove(r.operator(), ours.ID))
	again := r.list(r.operator(), "corp.example")
	if got, err := r.check(r.operator(), again.ID); err != nil || got.Status != tenants.DomainPending {
		t.Errorf("check with the token of an earlier entry = %+v, %v, want it pending", got, err)
	}
}

func TestDOM_04_AProvedSubdomainIsNothingAboveOrBesideIt(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	sub := r.list(r.operator(), "app.victim.example")
	parent, sibling := r.list(r.operator(), "victim.example"), r.list(r.operator(), "mail.victim.example")
	r.set(sub)
	for _, d := range []tenants.Domain{sub, parent, sibling} {
		_, err := r.check(r.operator(), d.ID)
		must(t, err)
	}
	r.want(sub.ID, tenants.DomainVerified, tenants.FindingFound)
	r.want(parent.ID, tenants.DomainPending, tenants.FindingMissing)
	r.want(sibling.ID, tenants.DomainPending, tenants.FindingMissing)
	for _, name := range []string{"victim.example", "mail.victim.example", "x.app.victim.example"} {
		r.leads(name, id.Tenant{})
	}
}

// fickle has the record in every second answer.
type fickle struct {
	value string
	asked int
}

func (f *fickle) TXT(context.Context, string) ([][]string, error) {
	if f.asked++; f.asked%2 == 1 {
		return [][]string{{f.value}}, nil
	}
	return nil, resolver.ErrMissing
}

func TestDOM_03_OneAnswerProvesNothing(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.prover.DNS = &fickle{value: d.Challenge().Value}
	if got, err := r.check(r.operator(), d.ID); err != nil || got.Status != tenants.DomainPending {
		t.Errorf("check with answers that differ = %+v, %v, want it pending", got, err)
	}
}
