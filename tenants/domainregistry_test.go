package tenants_test

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdns"
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

func (r *registry) remove(ctx context.Context, which id.Domain) error {
	return r.db.Admit(ctx, r.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error { return r.prover.Remove(ctx, sys, tx, which) })
}
