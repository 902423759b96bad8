package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type domainOut struct {
	ID          id.Domain            `json:"id"`
	Domain      string               `json:"domain" doc:"In ASCII, as it stands in the DNS"`
	Status      tenants.DomainStatus `json:"status" enum:"pending,verified,failed" doc:"Only a verified domain routes sign-ins and lets people join"`
	VerifiedBy  tenants.VerifiedBy   `json:"verified_by,omitzero" enum:"dns,operator" doc:"What the operator has verified is never checked"`
	Connection  id.Connection        `json:"connection_id,omitzero" doc:"Where its people sign in"`
	Challenge   challengeOut         `json:"challenge"`
	LastResult  tenants.Finding      `json:"last_result,omitzero" enum:"found,missing,mismatch,alias,unreachable,unavailable" doc:"Of the last check; unreachable says nothing about the record"`
	CheckedAt   *time.Time           `json:"checked_at,omitzero"`
	NextCheckAt *time.Time           `json:"next_check_at,omitzero"`
	GivesUpAt   *time.Time           `json:"gives_up_at,omitzero" doc:"When a pending domain fails without a record"`
	LostAt      *time.Time           `json:"lost_at,omitzero" doc:"Since when the record of a verified domain is gone"`
	LapsesAt    *time.Time           `json:"lapses_at,omitzero" doc:"When it is verified no more, unless the record comes back"`
	CreatedAt   time.Time            `json:"created_at"`
	VerifiedAt  *time.Time           `json:"verified_at,omitzero"`
}

// challengeOut is what the customer sets in the DNS. It is no secret.
type challengeOut struct {
	Type  string `json:"type" enum:"TXT"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

func domainOf(d tenants.Domain) domainOut {
	c := d.Challenge()
	return domainOut{
		ID: d.ID, Domain: d.Domain, Status: d.Status, VerifiedBy: d.VerifiedBy, Connection: d.ConnectionID,
		Challenge: challengeOut{"TXT", c.Name, c.Value}, LastResult: d.Finding, CheckedAt: d.CheckedAt, NextCheckAt: d.NextCheckAt,
		GivesUpAt: d.GivesUpAt(), LostAt: d.LostAt, LapsesAt: d.LapsesAt(), CreatedAt: d.CreatedAt, VerifiedAt: d.VerifiedAt,
	}
}

type domainsOut struct {
	Items []domainOut `json:"items"`
}

func (a *API) domains(ctx context.Context, tx *db.TenantTx, _ web.None) (domainsOut, error) {
	list, err := tenants.Domains(ctx, tx)
	out := domainsOut{Items: make([]domainOut, 0, len(list))}
	for _, d := range list {
		out.Items = append(out.Items, domainOf(d))
	}
	return out, err
}

type domainIn struct {
	Domain id.Domain `path:"domain" json:"-"`
}

func (a *API) domain(ctx context.Context, tx *db.TenantTx, in domainIn) (domainOut, error) {
	d, err := tenants.DomainByID(ctx, tx, in.Domain)
	return domainOf(d), err
}

type addDomainIn struct {
	Domain string `json:"domain" doc:"Exactly what stands after the @; a sub-domain is another domain"`
}

func (a *API) addDomain(ctx context.Context, tx *db.TenantTx, in addDomainIn) (domainOut, error) {
	d, err := tenants.AddDomain(ctx, tx, in.Domain)
	return domainOf(d), err
}

func (a *API) lookAtDomain(ctx context.Context, in domainIn) (tenants.Sighting, error) {
	return a.Prover.Look(ctx, authn.From(ctx).Tenant, in.Domain)
}

func (a *API) checkDomain(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, _ domainIn, s tenants.Sighting) (domainOut, error) {
	d, err := a.Prover.Settle(ctx, sys, tx, s)
	return domainOf(d), err
}

func (a *API) removeDomain(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, in domainIn) (web.None, error) {
	return web.None{}, a.Prover.Remove(ctx, sys, tx, in.Domain)
}
