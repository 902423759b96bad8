package console

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// routes says over which connection the people of which domain sign in.
type routes struct {
	domains []tenants.Domain
	rules   map[string]id.Connection // by domain; "" for all that nothing else speaks of
	only    id.Connection            // that lets everybody in; zero if there are several, or none
}

func routesOf(ctx context.Context, tx *db.TenantTx, list []sso.Connection) (routes, error) {
	r := routes{rules: map[string]id.Connection{}}
	open := 0
	for _, c := range list {
		if c.Status.Everybody() {
			r.only = c.ID
			open++
		}
	}
	if open > 1 {
		r.only = id.Connection{}
	}
	rules, err := sso.Rules(ctx, tx)
	if err != nil {
		return r, err
	}
	for _, one := range rules {
		if len(one.Emails) == 0 {
			r.rules[one.Domain] = one.ConnectionID
		}
	}
	r.domains, err = tenants.Domains(ctx, tx)
	return r, err
}

// of is the connection of a domain, and why it is that one.
func (r routes) of(d tenants.Domain) (id.Connection, string) {
	if c, ok := r.rules[d.Domain]; ok {
		return c, "By a rule for this domain"
	}
	if !d.ConnectionID.IsZero() {
		return d.ConnectionID, "Everybody of the domain"
	}
	if c, ok := r.rules[""]; ok {
		return c, "By the rule for everybody else"
	}
	return r.only, "By default: no other connection is open"
}

func (r routes) names(c id.Connection) []string {
	var names []string
	for _, d := range r.domains {
		if to, _ := r.of(d); to == c {
			names = append(names, d.Domain)
		}
	}
	return names
}

func (r connectionReader) domains(p *connectionPage) error {
	list, err := sso.Connections(r.ctx, r.tx, id.Connection{}, maxConnections)
	if err != nil {
		return err
	}
	all, err := routesOf(r.ctx, r.tx, list)
	for _, d := range all.domains {
		if to, why := all.of(d); to == r.connection.ID {
			p.Domains = append(p.Domains, domainRowOf(d, why))
		}
	}
	return err
}

func domainRowOf(d tenants.Domain, why string) domainRow {
	row := domainRow{Name: d.Domain, Rule: why}
	switch {
	case d.Status == tenants.DomainVerified && d.LostAt != nil:
		row.State = badge{"Record lost", careful}
		row.Lapses = someMoment(d.LapsesAt())
	case d.Status == tenants.DomainVerified:
		row.State = badge{"Verified", good}
	case d.Status == tenants.DomainPending:
		row.State = badge{"Waiting for DNS", careful}
	case d.Status == tenants.DomainFailed:
		row.State = badge{"Not verified", bad}
	}
	return row
}
