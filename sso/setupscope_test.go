package sso_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// creating saves a draft as somebody.
func (c *company) creating(tb testing.TB, ctx context.Context, d sso.Draft) (made sso.Connection, err error) { //nolint:revive // the context is who asks
	tb.Helper()
	prepared, err := c.signIn.Prepare(ctx, d)
	must(tb, err)
	err = c.within(ctx, func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx) error {
		made, err = c.signIn.Create(ctx, sys, tx, prepared)
		return err
	})
	return made, err
}

func (c *company) moving(ctx context.Context, which id.Connection, to sso.Status) error {
	return c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		_, err := c.signIn.Move(ctx, tx, which, to)
		return err
	})
}

func TestASetupLinkLeadsFromNothingToOptional(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	held, _ := c.holder(t, sso.NewSetupLink{})
	ctx := authn.With(visitor(t), held.Principal())
	letters := c.notices(t, c)
	made, err := c.creating(t, ctx, c.draft())
	must(t, err)
	must(t, c.moving(ctx, made.ID, sso.Testing))
	must(t, c.moving(ctx, made.ID, sso.Optional))
	wantCode(t, "Move to required by the holder", c.moving(ctx, made.ID, sso.Required), tenants.ErrOwnerRequired)
	want := []string{"setup_link.opened", "setup_link.used", "connection.created", "connection.testing", "connection.activated"}
	if got := c.events(t, authn.Setup); !slices.Equal(got, want) {
		t.Errorf("events of the holder = %v, want %v", got, want)
	}
	if got := c.notices(t, c) - letters; got != 2 {
		t.Errorf("the owner got %d letters of what the holder opened, want 2", got)
	}
	var status string
	must(t, c.admin.QueryRow(t.Context(), "SELECT status FROM connections WHERE id::text = $1", made.ID.UUID().String()).Scan(&status))
	if status != "optional" {
		t.Errorf("the connection is %s, want optional", status)
	}
}

func TestASetupLinkHasOneConnection(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	held, _ := c.holder(t, sso.NewSetupLink{})
	ctx := authn.With(visitor(t), held.Principal())
	prepared, err := c.signIn.Prepare(ctx, c.draft())
	must(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var made []sso.Connection
	for range 20 {
		wg.Go(func() {
			var one sso.Connection
			err := c.within(ctx, func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx) (err error) {
				one, err = c.signIn.Create(ctx, sys, tx, prepared)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, one)
			} else if errs.CodeOf(err) != errs.CodeOf(sso.ErrSetupDone) {
				t.Errorf("Create = %v, want %v", err, sso.ErrSetupDone)
			}
		})
	}
	wg.Wait()
	var n int
	must(t, c.admin.QueryRow(t.Context(), "SELECT count(*) FROM connections WHERE tenant_id::text = $1", c.tenant.ID.UUID().String()).Scan(&n))
	if len(made) != 1 || n != 2 {
		t.Fatalf("20 at once made %d connections, and the tenant has %d; want 1 and 2", len(made), n)
	}
	// A draft can be discarded, to begin again with another protocol.
	discard := func(which id.Connection) error {
		return c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
			return c.signIn.Delete(ctx, tx, which)
		})
	}
	must(t, discard(made[0].ID))
	again, err := c.creating(t, ctx, c.draft())
	must(t, err)
	must(t, c.moving(ctx, again.ID, sso.Testing))
	if err := discard(again.ID); errs.CodeOf(err) != "forbidden" {
		t.Errorf("Delete of a connection in testing = %v, want forbidden", err)
	}
}

func TestASetupLinkSeesNoOtherConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	held, _ := c.holder(t, sso.NewSetupLink{})
	ctx := authn.With(visitor(t), held.Principal())
	own, err := c.creating(t, ctx, c.draft())
	must(t, err)
	prepared, err := c.signIn.Prepare(ctx, c.draft())
	must(t, err)
	before := w.rows(t, c, other)["connections"]
	for what, which := range map[string]id.Connection{"the tenant's other one": c.connection.ID, "another tenant's": other.connection.ID, "none": {}} {
		for how, do := range map[string]func(context.Context, *db.SystemTx, *db.TenantTx) error{
			"Update": func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
				_, err := c.signIn.Update(ctx, tx, which, prepared)
				return err
			},
			"Move": func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
				_, err := c.signIn.Move(ctx, tx, which, sso.Disabled)
				return err
			},
			"Delete": func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
				return c.signIn.Delete(ctx, tx, which)
			},
			"ApproveIdentities": func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx) error {
				_, err := c.signIn.ApproveIdentities(ctx, sys, tx, which)
				return err
			},
		} {
			if err := c.within(ctx, do); errs.As(err).Kind != errs.Missing {
				t.Errorf("%s of %s = %v, want that there is none", how, what, err)
			}
		}
	}
	if got := w.rows(t, c, other)["connections"]; got != before {
		t.Error("the holder of a link changed connections that are not theirs")
	}
	if err := c.moving(ctx, own.ID, sso.Disabled); errs.CodeOf(err) != "forbidden" {
		t.Errorf("Move to disabled = %v, want forbidden", err)
	}
}

func TestASetupLinkGivesNoRoleAboveMember(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	held, _ := c.holder(t, sso.NewSetupLink{})
	ctx := authn.With(visitor(t), held.Principal())
	for what, change := range map[string]func(*sso.Draft){
		"default role admin": func(d *sso.Draft) { d.DefaultRole = rbac.Admin },
		"group role admin": func(d *sso.Draft) {
			d.Claims.Groups, d.GroupRoles = "groups", []sso.GroupRole{{Group: "it", Role: rbac.Admin}}
		},
	} {
		d := c.draft()
		change(&d)
		before := c.rows(t, c)
		if _, err := c.creating(t, ctx, d); errs.CodeOf(err) != "invalid_input" {
			t.Errorf("Create with %s = %v, want invalid_input", what, err)
		}
		if after := c.rows(t, c); after["connections"] != before["connections"] {
			t.Errorf("Create with %s was refused and left a row", what)
		}
	}
	d := c.draft()
	d.DefaultRole = rbac.Viewer
	d.Claims.Groups, d.GroupRoles = "groups", []sso.GroupRole{{Group: "it", Role: rbac.Member}}
	if _, err := c.creating(t, ctx, d); err != nil {
		t.Errorf("Create with viewer and member = %v", err)
	}
}

func TestASetupLinkForAConnectionChangesThatOne(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	held, _ := c.holder(t, sso.NewSetupLink{Connection: c.connection.ID})
	ctx := authn.With(visitor(t), held.Principal())
	d := c.draft()
	d.Name = "Renamed by the supplier"
	prepared, err := c.signIn.Prepare(ctx, d)
	must(t, err)
	must(t, c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		_, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	}))
	if _, err := c.creating(t, ctx, d); errs.CodeOf(err) != errs.CodeOf(sso.ErrSetupDone) {
		t.Errorf("Create beside it = %v, want %v", err, sso.ErrSetupDone)
	}
	err = c.within(ctx, func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		return c.signIn.Delete(ctx, tx, c.connection.ID)
	})
	if errs.CodeOf(err) != "forbidden" {
		t.Errorf("Delete = %v, want forbidden", err)
	}
	// Only an owner could hand that out: when they are owner no more, it is over.
	c.join(t, "second", rbac.Owner)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, c.owner.ID, rbac.Admin)
		return err
	})
	err = c.moving(ctx, c.connection.ID, sso.Testing)
	wantCode(t, "Move after the maker lost ownership", err, sso.ErrSetupLink)
}
