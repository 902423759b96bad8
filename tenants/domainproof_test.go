package tenants_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdns"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// registry is a DNS beside the database.
type registry struct {
	*company
	dns    *testdns.Server
	prover tenants.Prover
}

func newRegistry(tb testing.TB) *registry {
	tb.Helper()
	c, server := newCompany(tb), testdns.Start(tb)
	r, err := resolver.New(server.Addr)
	must(tb, err)
	ring, err := secret.ParseKeyring("test:" + base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize)))
	must(tb, err)
	return &registry{c, server, tenants.Prover{DB: c.db, DNS: r, Keyring: ring}}
}

// at is the same DNS for another company.
func (r *registry) at(c *company) *registry { return &registry{c, r.dns, r.prover} }

func (r *registry) list(ctx context.Context, name string) (d tenants.Domain) {
	r.Helper()
	r.must(ctx, "AddDomain("+name+")", func(tx *db.TenantTx) (err error) {
		d, err = tenants.AddDomain(ctx, tx, name)
		return err
	})
	return d
}

// set puts the domain's record into the DNS.
func (r *registry) set(d tenants.Domain) { r.dns.Set(d.Challenge().Name, d.Challenge().Value) }

// check is what somebody does who wants to know at once.
func (r *registry) check(ctx context.Context, which id.Domain) (d tenants.Domain, err error) {
	seen, err := r.prover.Look(ctx, r.tenant.ID, which)
	if err != nil {
		return d, err
	}
	return r.settle(ctx, seen)
}

func (r *registry) settle(ctx context.Context, seen tenants.Sighting) (d tenants.Domain, err error) {
	err = r.db.Admit(ctx, r.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		d, err = r.prover.Settle(ctx, sys, tx, seen)
		return err
	})
	return d, err
}

// pass lets time go by, in steps in which the job has its turns.
func (r *registry) pass(d time.Duration) {
	r.Helper()
	for step := time.Hour; d > 0; d -= step {
		r.sleep(min(step, d))
		must(r, r.prover.CheckDue(r.Context()))
	}
}

func (r *registry) now(which id.Domain) (d tenants.Domain) {
	r.Helper()
	r.must(r.operator(), "DomainByID", func(tx *db.TenantTx) (err error) {
		d, err = tenants.DomainByID(r.Context(), tx, which)
		return err
	})
	return d
}

func (r *registry) want(which id.Domain, status tenants.DomainStatus, f tenants.Finding) tenants.Domain {
	r.Helper()
	d := r.now(which)
	if d.Status != status || d.Finding != f {
		r.Errorf("%s is %s after %q, want %s after %q", d.Domain, d.Status, d.Finding, status, f)
	}
	return d
}

func (r *registry) leads(domain string, want id.Tenant) {
	r.Helper()
	to, err := r.route(domain)
	if to != want || (err != nil) != want.IsZero() {
		r.Errorf("RouteDomain(%q) = %v, %v, want %v", domain, to, err, want)
	}
}

// mails is how many letters about domains wait, of all tenants.
func (r *registry) mails() int64 {
	r.Helper()
	n, err := query[int64](r.world, `SELECT count(*) FROM river_job WHERE kind = 'send_mail' AND args->>'template' = 'domain_notice'`)
	must(r, err)
	return n[0]
}

func (r *registry) domainLog() (types []events.Type) {
	r.Helper()
	for _, typ := range r.log() {
		if len(typ) > 7 && typ[:7] == "domain." {
			types = append(types, typ)
		}
	}
	return types
}

func (r *registry) wantLog(want ...events.Type) {
	r.Helper()
	if diff := cmp.Diff(want, r.domainLog()); diff != "" {
		r.Errorf("events of domains (-want +got):\n%s", diff)
	}
}

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

func (r *registry) remove(ctx context.Context, which id.Domain) error {
	return r.db.Admit(ctx, r.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return r.prover.Remove(ctx, sys, tx, which) })
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

func TestARecordIsLookedForFor72Hours(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	late, never := r.list(r.operator(), "late.example"), r.list(r.operator(), "never.example")
	r.pass(20 * time.Hour)
	r.want(late.ID, tenants.DomainPending, tenants.FindingMissing)
	r.set(late)
	r.pass(7 * time.Hour) // the longest pause
	r.want(late.ID, tenants.DomainVerified, tenants.FindingFound)
	r.leads("late.example", r.tenant.ID)
	r.pass(44 * time.Hour)
	r.want(never.ID, tenants.DomainPending, tenants.FindingMissing)
	r.dns.Fail(dns.RcodeServerFailure)
	r.pass(2 * time.Hour)
	if d := r.want(never.ID, tenants.DomainFailed, tenants.FindingUnreachable); d.NextCheckAt != nil {
		t.Errorf("a failed domain is checked at %v, want never", d.NextCheckAt)
	}
	r.wantLog(events.DomainAdded, events.DomainAdded, events.DomainVerified, events.DomainFailed)
	r.dns.Fail(dns.RcodeSuccess)
	r.set(never)
	asked := r.dns.Asked()
	r.pass(100 * time.Hour)
	r.want(never.ID, tenants.DomainFailed, tenants.FindingUnreachable)
	if n := r.dns.Asked(); n != asked {
		t.Errorf("%d questions after it was given up, want none", n-asked)
	}
	if got, err := r.check(r.operator(), never.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("check after it was given up = %+v, %v, want it verified", got, err)
	}
	if got := r.domainLog(); !slices.Equal(got[4:], []events.Type{events.DomainRestarted, events.DomainVerified}) {
		t.Errorf("events after it was given up = %v, want a new start and the proof", got[4:])
	}
}

func TestAskingAgainBeginsAnotherThreeDays(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.pass(71 * time.Hour)
	_, err := r.check(r.operator(), d.ID)
	must(t, err)
	r.pass(48 * time.Hour)
	r.want(d.ID, tenants.DomainPending, tenants.FindingMissing)
	r.set(d)
	r.pass(7 * time.Hour)
	r.want(d.ID, tenants.DomainVerified, tenants.FindingFound)
}

func TestDOM_03_ALostRecordWarnsAndThenEndsTheProof(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.set(d)
	_, err := r.check(r.operator(), d.ID)
	must(t, err)
	asked := r.dns.Asked()
	r.pass(29 * 24 * time.Hour)
	if n := r.dns.Asked(); n != asked {
		t.Errorf("%d questions in the first month, want none", n-asked)
	}
	r.dns.Set(d.Challenge().Name)
	r.pass(25 * time.Hour)
	if got := r.want(d.ID, tenants.DomainVerified, tenants.FindingMissing); got.LostAt == nil || got.LapsesAt() == nil {
		t.Errorf("the domain = %+v, want it lost", got)
	}
	if n := r.mails(); n != 1 {
		t.Errorf("%d letters, want one to the owner", n)
	}
	r.leads("corp.example", r.tenant.ID)

	// It comes back, and is lost again.
	r.set(d)
	r.pass(25 * time.Hour)
	if got := r.want(d.ID, tenants.DomainVerified, tenants.FindingFound); got.LostAt != nil {
		t.Errorf("the domain = %+v, want it no longer lost", got)
	}
	r.dns.Set(d.Challenge().Name, "something else")
	r.pass(31 * 24 * time.Hour)
	r.want(d.ID, tenants.DomainVerified, tenants.FindingMismatch)
	r.pass(5 * 24 * time.Hour)
	if n := r.mails(); n != 2 {
		t.Errorf("%d letters, want two: one for each loss", n)
	}
	r.pass(3 * 24 * time.Hour)
	if got := r.want(d.ID, tenants.DomainFailed, tenants.FindingMismatch); got.VerifiedAt != nil || got.VerifiedBy != "" || got.NextCheckAt != nil {
		t.Errorf("the domain = %+v, want nothing left of its proof", got)
	}
	r.leads("corp.example", id.Tenant{})
	r.refuse(r.operator(), "VerifiedDomain", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.VerifiedDomain(r.operator(), tx, "corp.example")
		return err
	})
	r.wantLog(events.DomainAdded, events.DomainVerified, events.DomainLost, events.DomainRestored, events.DomainLost, events.DomainUnverified)
	if n := r.mails(); n != 3 {
		t.Errorf("%d letters, want three", n)
	}
	if m := r.reload(r.owner); m.Status != tenants.MemberActive {
		t.Errorf("the owner is %s, want nobody lost", m.Status)
	}
	r.set(d)
	if got, err := r.check(r.operator(), d.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("check when the record is back = %+v, %v, want it verified", got, err)
	}
}

func TestADNSThatDoesNotAnswerTakesNothing(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.set(d)
	_, err := r.check(r.operator(), d.ID)
	must(t, err)
	for _, rcode := range []int{dns.RcodeServerFailure, dns.RcodeRefused, dns.RcodeNotImplemented} {
		r.dns.Fail(rcode)
		r.pass(20 * 24 * time.Hour)
		if _, err := r.check(r.operator(), d.ID); err != nil {
			t.Errorf("check = %v", err)
		}
	}
	if got := r.want(d.ID, tenants.DomainVerified, tenants.FindingUnreachable); got.LostAt != nil {
		t.Errorf("the domain = %+v, want it not lost", got)
	}
	// Nor when it was lost before.
	r.dns.Fail(dns.RcodeNameError)
	r.pass(25 * time.Hour)
	r.dns.Fail(dns.RcodeServerFailure)
	r.pass(10 * 24 * time.Hour)
	r.want(d.ID, tenants.DomainVerified, tenants.FindingUnreachable)
	r.leads("corp.example", r.tenant.ID)
	r.wantLog(events.DomainAdded, events.DomainVerified, events.DomainLost)
}

func TestTheOperatorsWordIsNotChecked(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	must(t, r.claim("corp.example"))
	proven := r.list(r.operator(), "proven.example")
	r.set(proven)
	_, err := r.check(r.operator(), proven.ID)
	must(t, err)
	must(t, r.verify("proven.example")) // takes over what the DNS has shown
	r.dns.Fail(dns.RcodeNameError)
	asked := r.dns.Asked()
	r.pass(60 * 24 * time.Hour)
	for _, name := range []string{"corp.example", "proven.example"} {
		r.must(r.operator(), name, func(tx *db.TenantTx) error {
			d, err := tenants.VerifiedDomain(r.operator(), tx, name)
			if d.VerifiedBy != tenants.VerifiedByOperator || d.NextCheckAt != nil {
				t.Errorf("%s = %+v, want the operator's word", name, d)
			}
			return err
		})
		r.leads(name, r.tenant.ID)
	}
	if got, err := r.check(r.operator(), proven.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("check = %+v, %v, want no change", got, err)
	}
	if n := r.dns.Asked(); n != asked {
		t.Errorf("%d questions, want none", n-asked)
	}
}

func TestDOM_05_TwoTenantsProveOneDomainAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	var check []func() error
	var values []string
	var name string
	for n := range 6 {
		o := r.at(r.world.company(fmt.Sprintf("tenant%d", n)))
		d := o.list(o.operator(), "corp.example")
		name, values = d.Challenge().Name, append(values, d.Challenge().Value)
		check = append(check, func() error { _, err := o.check(o.operator(), d.ID); return err })
	}
	r.dns.Set(name, values...)
	failed := race(check...)
	if succeeded(failed) != 1 {
		t.Fatalf("of 6 tenants that prove one domain %d won, want 1: %v", succeeded(failed), failed)
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the others", err, tenants.ErrDomainUnavailable)
		}
	}
	// What was found is remembered with the refusal.
	n, err := query[int64](r.world, `SELECT count(*) FROM domains WHERE status = 'pending' AND finding = 'unavailable'`)
	if err != nil || n[0] != 5 {
		t.Errorf("%v domains are unavailable (%v), want 5", n, err)
	}
	must(t, r.prover.CheckDue(t.Context()))
}

func TestDOM_06_ADomainThatChangedHandsMovesAfterAWeek(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	buyer := r.at(r.world.company("buyer"))
	old := r.list(r.operator(), "corp.example")
	r.set(old)
	_, err := r.check(r.operator(), old.ID)
	must(t, err)
	r.pass(3 * 24 * time.Hour)

	bought := buyer.list(buyer.operator(), "corp.example")
	buyer.set(bought) // in the place of the old record
	_, err = buyer.check(buyer.operator(), bought.ID)
	wantCode(t, "check by the buyer", err, tenants.ErrDomainUnavailable)
	r.leads("corp.example", r.tenant.ID)
	must(t, r.prover.CheckDue(t.Context())) // the holder is checked at once, not in a month
	if d := r.want(old.ID, tenants.DomainVerified, tenants.FindingMismatch); d.LostAt == nil {
		t.Errorf("the old holder's domain = %+v, want it lost", d)
	}
	if n := r.mails(); n != 1 {
		t.Errorf("%d letters, want a warning to the old holder", n)
	}
	r.pass(6 * 24 * time.Hour)
	_, err = buyer.check(buyer.operator(), bought.ID)
	wantCode(t, "check by the buyer within the week", err, tenants.ErrDomainUnavailable)
	r.pass(2 * 24 * time.Hour)
	buyer.want(bought.ID, tenants.DomainVerified, tenants.FindingFound)
	r.want(old.ID, tenants.DomainFailed, tenants.FindingMismatch)
	r.leads("corp.example", buyer.tenant.ID)
}

func TestACheckInFlightMeetsChanges(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	ctx := r.operator()
	d := r.list(ctx, "corp.example")
	r.set(d)
	look := func() tenants.Sighting {
		t.Helper()
		seen, err := r.prover.Look(ctx, r.tenant.ID, d.ID)
		must(t, err)
		return seen
	}
	// The quicker of two checks counts.
	r.dns.Set(d.Challenge().Name)
	older := look()
	r.set(d)
	newer := look()
	if got, err := r.settle(ctx, newer); err != nil || got.Status != tenants.DomainVerified {
		t.Fatalf("Settle = %+v, %v, want it verified", got, err)
	}
	if got, err := r.settle(ctx, older); err != nil || got.Status != tenants.DomainVerified || got.LostAt != nil {
		t.Errorf("Settle of older news = %+v, %v, want no change", got, err)
	}
	// Removed and listed again meanwhile: another entry, another token.
	found := look()
	must(t, r.remove(ctx, d.ID))
	again := r.list(ctx, "corp.example")
	_, err := r.settle(ctx, found)
	wantCode(t, "Settle of a removed domain", err, errNotFound)
	r.want(again.ID, tenants.DomainPending, "")
	r.leads("corp.example", id.Tenant{})
	// The operator's word came first.
	d = again
	lost := look()
	must(t, r.verify("corp.example"))
	if got, err := r.settle(ctx, lost); err != nil || got.VerifiedBy != tenants.VerifiedByOperator {
		t.Errorf("Settle after the operator = %+v, %v, want the operator's word", got, err)
	}
	// Another tenant's sighting is of nothing.
	other := r.at(r.world.company("globex"))
	_, err = other.settle(ctx, lost)
	wantCode(t, "Settle in another tenant", err, errNotFound)
	_, err = r.prover.Look(ctx, other.tenant.ID, d.ID)
	wantCode(t, "Look in another tenant", err, errNotFound)
}

func TestADeletedTenantProvesNothing(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	ctx := r.operator()
	d := r.list(ctx, "corp.example")
	r.set(d)
	seen, err := r.prover.Look(ctx, r.tenant.ID, d.ID)
	must(t, err)
	must(t, r.db.Admit(ctx, r.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(ctx, sys, tx) }))
	_, err = r.settle(ctx, seen)
	wantCode(t, "Settle in a deleted tenant", err, errNotFound)
	asked := r.dns.Asked()
	r.pass(2 * time.Hour)
	if n := r.dns.Asked(); n != asked {
		t.Errorf("%d questions for a deleted tenant, want none", n-asked)
	}
	r.leads("corp.example", id.Tenant{})
}

func TestInstancesShareTheChecks(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for n := range 20 {
		r.list(r.operator(), fmt.Sprintf("d%d.example", n))
	}
	r.sleep(time.Hour)
	for _, err := range race(repeat(4, func() error { return r.prover.CheckDue(t.Context()) })...) {
		must(t, err)
	}
	if n := r.dns.Asked(); n != 20 {
		t.Errorf("%d questions about 20 domains by 4 instances, want 20", n)
	}
}

func TestTheDatabaseGoesAwayDuringACheck(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	d := r.list(r.operator(), "corp.example")
	r.set(d)
	seen, err := r.prover.Look(r.operator(), r.tenant.ID, d.ID)
	must(t, err)
	r.sleep(time.Hour)
	r.db.Close()
	if err := r.prover.CheckDue(t.Context()); err == nil {
		t.Error("CheckDue without a database = nil, want an error")
	}
	if _, err := r.settle(r.operator(), seen); err == nil {
		t.Error("Settle without a database = nil, want an error")
	}
	status, err := query[string](r.world, `SELECT status FROM domains`)
	if err != nil || status[0] != "pending" {
		t.Errorf("the domain is %v (%v), want it pending", status, err)
	}
}

func TestRemovingAVerifiedDomainTakesAnOwnerOrAProof(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	other := r.at(r.world.company("globex"))
	must(t, r.claim("corp.example"))
	var d tenants.Domain
	r.must(r.operator(), "VerifiedDomain", func(tx *db.TenantTx) (err error) {
		d, err = tenants.VerifiedDomain(r.operator(), tx, "corp.example")
		return err
	})
	admin := r.join("admin", rbac.Admin)
	signedIn := func(ago time.Duration) context.Context {
		return authn.With(r.Context(), &authn.Principal{
			Kind: authn.Member, Tenant: r.tenant.ID, User: admin.UserID, Membership: admin.ID, Role: string(admin.Role), AuthTime: time.Now().Add(-ago),
		})
	}
	wantCode(t, "Remove by an administrator of yesterday", r.remove(signedIn(24*time.Hour), d.ID), tenants.ErrReauthRequired)
	wantCode(t, "Remove by a key", r.remove(r.machine(rbac.Admin), d.ID), tenants.ErrPersonOnly)
	link := authn.With(r.Context(), &authn.Principal{Kind: authn.Setup, Tenant: r.tenant.ID})
	wantCode(t, "Remove by a set-up link", r.remove(link, d.ID), tenants.ErrPersonOnly)
	wantCode(t, "Remove by nobody", r.remove(r.Context(), d.ID), tenants.ErrReauthRequired)
	wantCode(t, "Remove by another tenant", other.remove(other.as(other.owner), d.ID), errNotFound)
	r.leads("corp.example", r.tenant.ID)
	must(t, r.remove(signedIn(time.Minute), d.ID))
	r.leads("corp.example", id.Tenant{})
	if n := r.mails(); n != 1 {
		t.Errorf("%d letters, want one to the owner", n)
	}
	wantCode(t, "Remove twice", r.remove(r.as(r.owner), d.ID), errNotFound)
	must(t, other.claim("corp.example"))
	r.wantLog(events.DomainAdded, events.DomainVerified, events.DomainRemoved)

	must(t, r.claim("owned.example"))
	r.must(r.operator(), "VerifiedDomain", func(tx *db.TenantTx) (err error) {
		d, err = tenants.VerifiedDomain(r.operator(), tx, "owned.example")
		return err
	})
	must(t, r.remove(r.as(r.owner), d.ID))
	pending := r.list(r.operator(), "pending.example")
	must(t, r.remove(r.machine(rbac.Admin), pending.ID))
	if n := r.mails(); n != 2 {
		t.Errorf("%d letters, want none for a domain that was not verified", n)
	}
}

func TestATenantListsAHundredDomains(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for n := range tenants.MaxDomains - 2 {
		r.list(r.operator(), fmt.Sprintf("d%d.example", n))
	}
	var more []func() error
	for n := range 6 {
		more = append(more, func() error { return r.add(fmt.Sprintf("more%d.example", n)) })
	}
	failed := race(more...)
	if succeeded(failed) != 2 {
		t.Errorf("of 6 more domains %d were listed, want 2: %v", succeeded(failed), failed)
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the others", err, errs.New(errs.Conflict, "too_many_domains", ""))
		}
	}
}
