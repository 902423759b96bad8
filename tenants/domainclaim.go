package tenants

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// ErrDomainUnavailable refuses a domain that another tenant has, or one that passes for such a domain. It does not say which.
var ErrDomainUnavailable = errs.New(errs.Conflict, "domain_unavailable", "This domain cannot be used.")

// VerifyDomain marks a domain as the tenant's own on the word of the operator, which no DNS record takes back. Of two tenants that claim
// it, one wins; the other gets [ErrDomainUnavailable].
func VerifyDomain(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, name string) (Domain, error) {
	d, err := domainByName(ctx, tx, name, locked)
	if err != nil || d.VerifiedBy == VerifiedByOperator {
		return d, err
	}
	if d.Status != DomainVerified {
		if err := claim(ctx, sys, tx, d.Domain); err != nil {
			return d, err
		}
	}
	d.verified(VerifiedByOperator, tx.Now)
	if err := store(ctx, tx, d); err != nil {
		return d, err
	}
	return d, events.Record(ctx, tx, events.DomainVerified, d.ID, events.Data{"domain": d.Domain, "by": d.VerifiedBy})
}

// shared keeps a row from being changed by others until the scope ends.
var shared = clause.Locking{Strength: "SHARE"}

// claim enters a domain for the tenant into the directory of all of them.
func claim(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, domain string) error {
	if _, err := current(ctx, tx, shared); err != nil { // a tenant that is being deleted gets nothing more
		return err
	}
	r := sys.DB.WithContext(ctx).Exec(`INSERT INTO domain_directory (domain, tenant_id, skeleton, verified_at) VALUES (?, ?, ?, ?)
		ON CONFLICT ON CONSTRAINT domain_directory_pkey DO NOTHING`, domain, tx.Tenant, skeleton(domain), tx.Now)
	if r.Error != nil {
		return fmt.Errorf("claim domain: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return ErrDomainUnavailable
	}
	return nil
}

// claimProven is claim for a domain that the DNS has shown, which must not pass for that of another tenant. A name in plain ASCII may
// stand beside its look-alikes, or whoever came first with one could keep the company itself away.
func claimProven(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, domain string) error {
	if international(domain) {
		var n int64
		err := sys.DB.WithContext(ctx).Raw("SELECT count(*) FROM domain_directory WHERE skeleton = ? AND tenant_id <> ? AND domain <> ?",
			skeleton(domain), tx.Tenant, domain).Scan(&n).Error
		if err != nil {
			return fmt.Errorf("look for look-alikes: %w", err)
		}
		if n > 0 {
			return ErrDomainUnavailable
		}
	}
	err := claim(ctx, sys, tx, domain)
	if errors.Is(err, ErrDomainUnavailable) {
		if err := hasten(ctx, sys, domain); err != nil {
			return err
		}
	}
	return err
}

// hasten has the present holder of a domain checked now: somebody else has shown control of it, so it may have changed hands.
func hasten(ctx context.Context, sys *db.SystemTx, domain string) error {
	holder, err := RouteDomain(ctx, sys, domain)
	if errs.As(err).Kind == errs.Missing { // released in this moment
		return nil
	}
	if err != nil {
		return err
	}
	err = sys.DB.WithContext(ctx).Exec(`UPDATE domains SET next_check_at = ? WHERE tenant_id = ? AND domain = ? AND verified_by = 'dns'
		AND lost_at IS NULL AND next_check_at > ? AND checked_at < ?`, sys.Now, holder, domain, sys.Now, sys.Now.Add(-daily)).Error
	if err != nil {
		return fmt.Errorf("hasten the check of a domain: %w", err)
	}
	return nil
}

// release takes a domain of the tenant out of the directory: nobody is sent there any more, and another tenant may claim it.
func release(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, domain string) error {
	err := sys.DB.WithContext(ctx).Exec("DELETE FROM domain_directory WHERE domain = ? AND tenant_id = ?", domain, tx.Tenant).Error
	if err != nil {
		return fmt.Errorf("release domain: %w", err)
	}
	return nil
}

// store writes what checks and the operator change.
func store(ctx context.Context, tx *db.TenantTx, d Domain) error {
	_, err := db.Of[Domain](tx.DB).Where("id = ?", d.ID).
		Select("status", "asked_at", "verified_at", "verified_by", "checked_at", "finding", "lost_at", "next_check_at").Updates(ctx, d)
	if err != nil {
		return fmt.Errorf("store domain %s: %w", d.ID, err)
	}
	return nil
}
