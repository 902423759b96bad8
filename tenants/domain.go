package tenants

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// DomainStatus is whether a tenant has shown that a domain is its own.
type DomainStatus string

// The states. Only a verified domain routes sign-ins and lets people join.
const (
	DomainPending  DomainStatus = "pending"
	DomainVerified DomainStatus = "verified"
)

// Domain is a mail domain that a tenant claims. ConnectionID, when set, is where its people sign in.
type Domain struct {
	ID           id.Domain `gorm:"primaryKey"`
	Domain       string
	Status       DomainStatus
	ConnectionID id.Connection
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	VerifiedAt   *time.Time
}

// TableName implements GORM's Tabler.
func (Domain) TableName() string { return "domains" }

// AddDomain lists a domain for the tenant, not yet verified.
func AddDomain(ctx context.Context, tx *db.TenantTx, name string) (Domain, error) {
	d, err := ParseDomain(name)
	if err != nil {
		return Domain{}, err
	}
	if anybodys(d) {
		return Domain{}, errs.InvalidField("domain", "Everybody can have an address there, so nobody can claim it.")
	}
	row := Domain{ID: id.New[id.Domain](), Domain: d, Status: DomainPending, CreatedAt: tx.Now}
	if err := gorm.G[Domain](tx.DB).Create(ctx, &row); err != nil {
		return Domain{}, fmt.Errorf("add domain: %w", err)
	}
	return row, events.Record(ctx, tx, events.DomainAdded, row.ID, events.Data{"domain": d})
}

// VerifyDomain marks a domain as the tenant's own. Of two tenants that claim it, one wins; the other gets domain_unavailable.
func VerifyDomain(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, name string) (Domain, error) {
	d, err := domainByName(ctx, tx, name, locked)
	if err != nil || d.Status == DomainVerified {
		return d, err
	}
	err = sys.DB.Exec("INSERT INTO domain_directory (domain, tenant_id, verified_at) VALUES (?, ?, ?)", d.Domain, tx.Tenant, tx.Now).Error
	if err != nil {
		return d, fmt.Errorf("claim domain: %w", err)
	}
	d.Status, d.VerifiedAt = DomainVerified, &tx.Now
	if _, err := gorm.G[Domain](tx.DB).Where("id = ?", d.ID).Select("status", "verified_at").Updates(ctx, d); err != nil {
		return d, fmt.Errorf("verify domain: %w", err)
	}
	return d, events.Record(ctx, tx, events.DomainVerified, d.ID, events.Data{"domain": d.Domain})
}

// RouteDomainTo sends the people of a domain to one of the tenant's connections; the zero id takes the route away.
func RouteDomainTo(ctx context.Context, tx *db.TenantTx, name string, connection id.Connection) (Domain, error) {
	d, err := domainByName(ctx, tx, name, locked)
	if err != nil || d.ConnectionID == connection {
		return d, err
	}
	d.ConnectionID = connection
	if _, err := gorm.G[Domain](tx.DB).Where("id = ?", d.ID).Select("connection_id").Updates(ctx, d); err != nil {
		if db.Constraint(err) == "domains_connection_fkey" {
			return d, errs.NotFound("connection")
		}
		return d, fmt.Errorf("route domain: %w", err)
	}
	return d, events.Record(ctx, tx, events.DomainRouted, d.ID, events.Data{"domain": d.Domain, "connection": connection})
}

// Domains lists what the tenant claims, by name.
func Domains(ctx context.Context, tx *db.TenantTx) ([]Domain, error) {
	list, err := gorm.G[Domain](tx.DB).Order("domain").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list domains: %w", err)
	}
	return list, nil
}

// VerifiedDomain finds a verified domain of the tenant by its exact name: a sub-domain proves nothing for its parent, nor the reverse.
func VerifiedDomain(ctx context.Context, tx *db.TenantTx, domain string) (Domain, error) {
	d, err := domainByName(ctx, tx, domain)
	if err == nil && d.Status != DomainVerified {
		return Domain{}, errs.NotFound("domain")
	}
	return d, err
}

// RouteDomain says which tenant a verified domain leads to.
func RouteDomain(ctx context.Context, tx *db.SystemTx, domain string) (id.Tenant, error) {
	var rows []struct{ TenantID id.Tenant }
	err := tx.DB.WithContext(ctx).Raw("SELECT tenant_id FROM domain_directory WHERE domain = ?", domain).Scan(&rows).Error
	if err != nil {
		return id.Tenant{}, fmt.Errorf("route domain: %w", err)
	}
	if len(rows) == 0 {
		return id.Tenant{}, errs.NotFound("domain")
	}
	return rows[0].TenantID, nil
}

func domainByName(ctx context.Context, tx *db.TenantTx, name string, opts ...clause.Expression) (Domain, error) {
	parsed, err := ParseDomain(name)
	if err != nil {
		return Domain{}, err
	}
	d, err := gorm.G[Domain](tx.DB, opts...).Where("domain = ?", parsed).First(ctx)
	if db.IsMissing(err) {
		return Domain{}, errs.NotFound("domain")
	}
	if err != nil {
		return Domain{}, fmt.Errorf("load domain: %w", err)
	}
	return d, nil
}
