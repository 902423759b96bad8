package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Destination is where an address leads. The zero destination is the page that says nothing about anybody.
type Destination struct {
	Slug       string
	Connection id.Connection
}

// Route finds the sign-in of an address by its domain alone, which a tenant has proven to own: the tenant's connection or, where it has
// none, Google if its policy takes that. Whether the person is known changes nothing; an unknown domain, a malformed address and a tenant
// with neither all give the zero destination.
func (s *SignIn) Route(ctx context.Context, address string) (Destination, error) {
	email, err := tenants.ParseEmail(address)
	if err != nil {
		return Destination{}, nil
	}
	var tenant id.Tenant
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		tenant, err = tenants.RouteDomain(ctx, sys, email.Domain)
		return err
	})
	if errs.As(err).Kind == errs.Missing {
		tenant, err = id.Installation, nil // which has no domains: an unknown one takes as long as one that leads nowhere
	}
	if err != nil {
		return Destination{}, err
	}
	var to Destination
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		t, policy, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		active, err := openConnections(ctx, tx)
		if err != nil {
			return err
		}
		d, err := tenants.VerifiedDomain(ctx, tx, email.Domain)
		if err != nil || t.Status != tenants.StatusActive {
			return err
		}
		for _, c := range active {
			if c.ID == d.ConnectionID || d.ConnectionID.IsZero() && len(active) == 1 {
				to = Destination{Slug: t.Slug, Connection: c.ID}
			}
		}
		if len(active) == 0 && s.google != nil && policy.Allows(MethodGoogle, "") {
			to = Destination{Slug: t.Slug, Connection: id.Google}
		}
		return nil
	})
	if errs.As(err).Kind == errs.Missing {
		return Destination{}, nil
	}
	return to, err
}

// Doors are the ways into one tenant.
type Doors struct {
	Slug, Name  string
	Connections []Door
	Google      bool
}

// Door is one connection as the sign-in page shows it.
type Door struct {
	ID   id.Connection
	Name string
}

// DoorsOf lists the ways into a tenant for its sign-in page. An unknown tenant is errs.NotFound; a suspended one has no doors.
func (s *SignIn) DoorsOf(ctx context.Context, slug string) (Doors, error) {
	var t tenants.Tenant
	err := s.db.System(ctx, func(sys *db.SystemTx) (err error) {
		t, err = tenants.BySlug(ctx, sys, slug)
		return err
	})
	if err != nil {
		return Doors{}, err
	}
	doors := Doors{Slug: t.Slug, Name: t.Name}
	if t.Status != tenants.StatusActive {
		return doors, nil
	}
	err = s.db.Tenant(ctx, t.ID, func(tx *db.TenantTx) error {
		_, policy, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		doors.Google = s.google != nil && policy.Allows(MethodGoogle, "")
		active, err := openConnections(ctx, tx)
		for _, c := range active {
			doors.Connections = append(doors.Connections, Door{c.ID, c.Name})
		}
		return err
	})
	return doors, err
}

// Google says whether the installation has a client at Google.
func (s *SignIn) Google() bool { return s.google != nil }
