package console

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// connectionsPage lists the providers of an organization.
type connectionsPage struct {
	Tenant   string
	Rows     []connectionRow
	MayWrite bool
	Besides  []wayTo
}

type connectionRow struct {
	ID, Name, Protocol, Provider string
	State                        badge
	Domains                      []string
	LastSuccess                  moment
	Succeeded, Refused           int64 // in 24 hours
	Expiry                       badge // of the certificate that ends first
}

func (connectionsPage) frame() frame {
	return frame{file: "connections", title: "Single sign-on", signedIn: true, here: "sso"}
}

// maxConnections is more than any organization has.
const maxConnections = 200

func (c *Console) listConnections(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, err := c.access.Tenant(r, p.Tenant)
	if err != nil {
		return err
	}
	page := connectionsPage{Tenant: tenant.Name, MayWrite: c.may(p, rbac.ConnectionsWrite), Besides: c.besides(p)}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := sso.Connections(r, tx, id.Connection{}, maxConnections)
		if err != nil {
			return err
		}
		pulses, err := sso.Pulses(r, tx, tx.Now.Add(-24*time.Hour))
		if err != nil {
			return err
		}
		routes, err := routesOf(r, tx, list)
		for _, one := range list {
			page.Rows = append(page.Rows, connectionRowOf(one, pulses[one.ID], routes.names(one.ID), tx.Now))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, page)
}

func connectionRowOf(c sso.Connection, p sso.Pulse, domains []string, now time.Time) connectionRow {
	row := connectionRow{
		ID: c.ID.String(), Name: c.Name, Protocol: protocolName(c.Protocol), Provider: providerName(c), State: stateBadge(c.Status), Domains: domains,
		LastSuccess: someMoment(p.LastSuccess), Succeeded: p.Succeeded, Refused: p.Refused,
	}
	if end, ok := nearestExpiry(c); ok {
		row.Expiry = leftBadge(end, now)
	}
	return row
}

// nearestExpiry is when the provider can sign no more with any certificate that is trusted: the others have taken over by then.
func nearestExpiry(c sso.Connection) (end time.Time, ok bool) {
	if c.SAML == nil {
		return end, false
	}
	for _, cert := range c.SAML.Certificates {
		if !cert.Pending && cert.NotAfter.After(end) {
			end, ok = cert.NotAfter, true
		}
	}
	return end, ok
}

// may says whether who asks has a permission. Only for what pages offer: each row of the table asks again.
func (c *Console) may(p *authn.Principal, permission rbac.Permission) bool {
	return c.access != nil && p.Kind == authn.Member && c.access.Decide(p, nil, permission, "").Allowed
}

// connectionNames are the names of all connections of the organization, and of Google's.
func connectionNames(ctx context.Context, tx *db.TenantTx) (map[id.Connection]string, error) {
	list, err := sso.Connections(ctx, tx, id.Connection{}, maxConnections)
	names := map[id.Connection]string{id.Google: "Google"}
	for _, c := range list {
		names[c.ID] = c.Name
	}
	return names, err
}
