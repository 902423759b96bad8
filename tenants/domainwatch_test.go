package tenants_test

import (
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

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
