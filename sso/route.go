package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Destination is where an address leads: to a connection or, where that is open, to the tenant's own sign-in page. The zero destination is
// the page that says nothing about anybody.
type Destination struct {
	Slug       string
	Connection id.Connection
}

// Route finds the sign-in of an address by its domain, which a tenant has proven to own, and by that tenant's rules: the connection that the
// first fitting rule names or, where the tenant has none, Google if its policy takes that. Whether the person is known changes nothing; an
// unknown domain, a malformed address and a tenant with neither all give the zero destination. That a rule names an address can be seen by
// where it leads: that is for the administrator to weigh who makes the rule.
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
		ways, err := waysOf(ctx, tx, email)
		if err != nil || !ways.ours || t.Status != tenants.StatusActive {
			return err
		}
		switch list := ways.to(); {
		case len(list) == 1:
			to = Destination{Slug: t.Slug, Connection: list[0].ID}
		case len(list) > 1:
			to = Destination{Slug: t.Slug}
		case s.google != nil && policy.Allows(MethodGoogle, ""):
			to = Destination{Slug: t.Slug, Connection: id.Google}
		}
		return nil
	})
	if errs.As(err).Kind == errs.Missing {
		return Destination{}, nil
	}
	return to, err
}

// Google says whether the installation has a client at Google.
func (s *SignIn) Google() bool { return s.google != nil }
