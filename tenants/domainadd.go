package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// MaxDomains is how many domains a tenant may list: each is asked about again and again.
const MaxDomains = 100

// AddDomain lists a domain for the tenant, not yet verified, with a challenge of its own. Whether another tenant has it is not said here:
// who has proven nothing learns nothing.
func AddDomain(ctx context.Context, tx *db.TenantTx, name string) (Domain, error) {
	d, err := ParseDomain(name)
	if err != nil {
		return Domain{}, err
	}
	if err := claimable(ctx, d); err != nil {
		return Domain{}, err
	}
	if _, err := current(ctx, tx, locked); err != nil { // one at a time, so that the count holds
		return Domain{}, err
	}
	n, err := db.Of[Domain](tx.DB).Count(ctx, "id")
	if err != nil {
		return Domain{}, fmt.Errorf("count domains: %w", err)
	}
	if n >= MaxDomains {
		return Domain{}, errs.New(errs.Conflict, "too_many_domains", "The tenant lists as many domains as it may. Remove one first.")
	}
	row := Domain{
		ID: id.New[id.Domain](), Domain: d, Status: DomainPending, Token: secret.RandomText(32), CreatedAt: tx.Now, AskedAt: tx.Now,
		NextCheckAt: after(tx.Now, soonest),
	}
	if err := db.Of[Domain](tx.DB).Create(ctx, &row); err != nil {
		return Domain{}, fmt.Errorf("add domain: %w", err)
	}
	return row, events.Record(ctx, tx, events.DomainAdded, row.ID, events.Data{"domain": d})
}

// claimable refuses names that nobody can prove, and those that pass for another's. The operator may list the latter: a company may
// honestly be called so.
func claimable(ctx context.Context, d string) error {
	switch {
	case len(challengeLabel)+1+len(d) > 253:
		return errs.InvalidField("domain", "This name is too long.")
	case anybodys(d):
		return errs.InvalidField("domain", "Everybody can have an address there, so nobody can claim it.")
	case byInstallation(authn.From(ctx)):
		return nil
	case mixesScripts(d):
		return errs.InvalidField("domain", "This name mixes letters of several scripts, as a look-alike does.")
	case looksPublic(d):
		return errs.InvalidField("domain", "This name looks like that of a mail provider. The operator of this installation can list it.")
	}
	return nil
}

func after(now time.Time, d time.Duration) *time.Time {
	t := now.Add(d)
	return &t
}
