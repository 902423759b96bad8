package tenants

import (
	"context"
	"errors"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// Prover finds out whether domains are their tenants' own, and keeps finding out. All fields are required.
type Prover struct {
	DB      *db.DB
	DNS     DNS
	Keyring *secret.Keyring // seals the mails to owners
}

// Sighting is what the DNS said of one domain at one moment. Only [Prover.Look] makes one.
type Sighting struct {
	domain  id.Domain
	checked *time.Time // of the row that was looked at
	finding Finding
}

// lookTimeout bounds all questions about one domain.
const lookTimeout = 15 * time.Second

// Look asks the DNS about a domain of a tenant. It waits for the network, so no transaction may be open; its result is for
// [Prover.Settle]. The operator's word is not asked about.
func (p Prover) Look(ctx context.Context, tenant id.Tenant, which id.Domain) (Sighting, error) {
	var d Domain
	err := p.DB.Tenant(ctx, tenant, func(tx *db.TenantTx) (err error) {
		d, err = DomainByID(ctx, tx, which)
		return err
	})
	if err != nil {
		return Sighting{}, err
	}
	return p.look(ctx, d), nil
}

func (p Prover) look(ctx context.Context, d Domain) Sighting {
	s := Sighting{domain: d.ID, checked: d.CheckedAt}
	if d.VerifiedBy == VerifiedByOperator {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	s.finding = ask(ctx, p.DNS, d.Challenge())
	return s
}

// Settle takes over a sighting that somebody has asked for, and returns the domain as it is then. A domain that is not verified by it is
// checked for another 72 hours. If the record is there and the domain cannot be this tenant's, the error is [ErrDomainUnavailable], and
// that is remembered.
func (p Prover) Settle(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, s Sighting) (Domain, error) {
	d, err := p.settle(ctx, sys, tx, s, (*Domain).restart)
	if err == nil && d.Status != DomainVerified && d.Finding == FindingUnavailable {
		return d, db.Keep(ErrDomainUnavailable)
	}
	return d, err
}

// settle moves a domain by what was seen. The row is read again under its lock: it may be gone, or another check may have been quicker;
// then what this one has seen is older news.
func (p Prover) settle(
	ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, s Sighting, first func(*Domain, time.Time) events.Type,
) (Domain, error) {
	d, err := domainBy(ctx, tx, "id = ?", s.domain, locked)
	if err != nil || s.finding == "" || d.VerifiedBy == VerifiedByOperator || !sameTime(d.CheckedAt, s.checked) {
		return d, err
	}
	if first != nil {
		if typ := first(&d, tx.Now); typ != "" {
			if err := recordDomain(ctx, tx, typ, d); err != nil {
				return d, err
			}
		}
	}
	if s.finding == FindingFound && d.Status == DomainPending {
		err := claimProven(ctx, sys, tx, d.Domain)
		if errors.Is(err, ErrDomainUnavailable) {
			s.finding = FindingUnavailable
		} else if err != nil {
			return d, err
		}
	}
	happened := d.see(s.finding, tx.Now)
	if happened == events.DomainUnverified {
		if err := release(ctx, sys, tx, d.Domain); err != nil {
			return d, err
		}
	}
	if err := store(ctx, tx, d); err != nil || happened == "" {
		return d, err
	}
	if err := p.tell(ctx, tx, happened, d); err != nil {
		return d, err
	}
	return d, recordDomain(ctx, tx, happened, d)
}

func recordDomain(ctx context.Context, tx *db.TenantTx, typ events.Type, d Domain) error {
	return events.Record(ctx, tx, typ, d.ID, events.Data{"domain": d.Domain, "by": d.VerifiedBy, "finding": d.Finding})
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
