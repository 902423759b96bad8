package sso

import (
	"context"
	"net/http"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

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
	t, err := s.tenantBySlug(ctx, slug)
	if err != nil {
		return Doors{}, err
	}
	doors, err := s.doors(ctx, t)
	return doors.Doors, err
}

// DoorOf is one door of a tenant, for a link to that connection alone; also one in testing, which the page of all doors does not show. What
// is not open is errs.NotFound.
func (s *SignIn) DoorOf(ctx context.Context, slug string, c id.Connection) (Doors, error) {
	t, err := s.tenantBySlug(ctx, slug)
	if err != nil {
		return Doors{}, err
	}
	doors, err := s.doors(ctx, t)
	if err != nil {
		return Doors{}, err
	}
	return doors.only(c)
}

// LastDoor is the way by which somebody last came in with the browser of a request. It is errs.NotFound when there is none, or when it is
// not open any more.
func (s *SignIn) LastDoor(ctx context.Context, r *http.Request) (Doors, error) {
	last := s.LastOf(r)
	if last.Tenant.IsZero() || last.Tenant == id.Installation {
		return Doors{}, errs.NotFound("sign-in")
	}
	doors, err := s.doors(ctx, tenants.Tenant{ID: last.Tenant, Status: tenants.StatusActive})
	if err != nil {
		return Doors{}, err
	}
	return doors.only(last.Connection)
}

// allDoors has those in testing too.
type allDoors struct {
	Doors
	testing []Door
}

func (s *SignIn) tenantBySlug(ctx context.Context, slug string) (t tenants.Tenant, err error) {
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		t, err = tenants.BySlug(ctx, sys, slug)
		return err
	})
	return t, err
}

func (s *SignIn) doors(ctx context.Context, t tenants.Tenant) (allDoors, error) {
	found := allDoors{Doors: Doors{Slug: t.Slug, Name: t.Name}}
	if t.Status != tenants.StatusActive {
		return found, nil
	}
	err := s.db.Tenant(ctx, t.ID, func(tx *db.TenantTx) error {
		t, policy, err := tenants.Current(ctx, tx)
		if err != nil || t.Status != tenants.StatusActive {
			return err
		}
		found.Slug, found.Name = t.Slug, t.Name
		found.Google = s.google != nil && policy.Allows(MethodGoogle, "")
		list, err := Connections(ctx, tx, id.Connection{}, 100)
		for _, c := range list {
			switch {
			case c.Status.Everybody():
				found.Connections = append(found.Connections, Door{c.ID, c.Name})
			case c.Status.Open():
				found.testing = append(found.testing, Door{c.ID, c.Name})
			}
		}
		return err
	})
	return found, err
}

func (a allDoors) only(c id.Connection) (Doors, error) {
	one := Doors{Slug: a.Slug, Name: a.Name}
	if c == id.Google && a.Google {
		one.Google = true
		return one, nil
	}
	for _, d := range slices.Concat(a.Connections, a.testing) {
		if d.ID == c {
			one.Connections = []Door{d}
			return one, nil
		}
	}
	return Doors{}, errs.NotFound("connection")
}
