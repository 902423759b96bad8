package tenants

import (
	"context"
	"fmt"
	"time"

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
	DomainPending  DomainStatus = "pending"  // the DNS is asked again and again
	DomainVerified DomainStatus = "verified" // asked again each month, if the DNS has shown it
	DomainFailed   DomainStatus = "failed"   // given up, until somebody asks again
)

// Domain is a mail domain that a tenant claims. ConnectionID, when set, is where its people sign in.
type Domain struct {
	ID           id.Domain `gorm:"primaryKey"`
	Domain       string
	Status       DomainStatus
	ConnectionID id.Connection
	Token        string    // of the [Challenge]; it stands in the DNS, so it is no secret, but it is no other tenant's
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	AskedAt      time.Time // when somebody last asked for a proof
	VerifiedAt   *time.Time
	VerifiedBy   VerifiedBy
	CheckedAt    *time.Time
	Finding      Finding    // of the last check
	LostAt       *time.Time // since when the record of a verified domain is gone
	NextCheckAt  *time.Time // nil: nobody asks
}

// VerifiedBy is whose word a verified domain rests on.
type VerifiedBy string

// What a domain rests on. The operator's word needs no record and is never checked.
const (
	VerifiedByDNS      VerifiedBy = "dns"
	VerifiedByOperator VerifiedBy = "operator"
)

// TableName implements GORM's Tabler.
func (Domain) TableName() string { return "domains" }

// RouteDomainTo sends the people of a domain to one of the tenant's connections; the zero id takes the route away.
func RouteDomainTo(ctx context.Context, tx *db.TenantTx, name string, connection id.Connection) (Domain, error) {
	d, err := domainByName(ctx, tx, name, locked)
	if err != nil || d.ConnectionID == connection {
		return d, err
	}
	d.ConnectionID = connection
	if _, err := db.Of[Domain](tx.DB).Where("id = ?", d.ID).Select("connection_id").Updates(ctx, d); err != nil {
		if db.Constraint(err) == "domains_connection_fkey" {
			return d, errs.NotFound("connection")
		}
		return d, fmt.Errorf("route domain: %w", err)
	}
	return d, events.Record(ctx, tx, events.DomainRouted, d.ID, events.Data{"domain": d.Domain, "connection": connection})
}

// Domains lists what the tenant claims, by name.
func Domains(ctx context.Context, tx *db.TenantTx) ([]Domain, error) {
	list, err := db.Of[Domain](tx.DB).Order("domain").Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list domains: %w", err)
	}
	return list, nil
}

// DomainByID finds one domain of the tenant.
func DomainByID(ctx context.Context, tx *db.TenantTx, which id.Domain) (Domain, error) {
	return domainBy(ctx, tx, "id = ?", which)
}

// DomainByName finds one domain of the tenant by its exact name.
func DomainByName(ctx context.Context, tx *db.TenantTx, name string) (Domain, error) {
	return domainByName(ctx, tx, name)
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
	return domainBy(ctx, tx, "domain = ?", parsed, opts...)
}

func domainBy(ctx context.Context, tx *db.TenantTx, where string, value any, opts ...clause.Expression) (Domain, error) {
	d, err := db.Of[Domain](tx.DB, opts...).Where(where, value).First(ctx)
	if db.IsMissing(err) {
		return Domain{}, errs.NotFound("domain")
	}
	if err != nil {
		return Domain{}, fmt.Errorf("load domain: %w", err)
	}
	return d, nil
}
