package sso

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// cameFrom lists, for each state that an administrator can choose, those that lead to it. Nobody chooses draft: a connection falls back to
// it when its provider changes.
var cameFrom = map[Status][]Status{
	Testing:  {Drafted, Optional, Disabled},
	Optional: {Drafted, Testing, Required, Disabled},
	Required: {Optional},
	Disabled: {Drafted, Testing, Optional, Required},
}

// ErrUnproven refuses to make a connection the only way in before it has shown that it works.
var ErrUnproven = errs.New(errs.Conflict, "connection_unproven",
	"Two different people, one of them an owner, must have signed in through this connection before it can be required.")

// Move takes a connection to another state. What leads nowhere is the conflict connection_state; a required one needs two people who have
// come in through it, one of them an owner (connection_unproven), and only owners begin or end the requirement.
func (s *SignIn) Move(ctx context.Context, tx *db.TenantTx, which id.Connection, to Status) (Connection, error) {
	c, err := s.lock(ctx, tx, which)
	if err != nil || c.Status == to {
		return c, err
	}
	if !slices.Contains(cameFrom[to], c.Status) {
		return c, errs.New(errs.Conflict, "connection_state", fmt.Sprintf("A connection that is %s cannot become %s at once.", c.Status, to))
	}
	if err := s.mayMove(ctx, tx, c, to); err != nil {
		return c, err
	}
	old := c
	c.Status = to
	if err := replace(ctx, tx, old, &c); err != nil {
		return c, err
	}
	if to == Disabled {
		if err := endSessions(ctx, tx, c.ID); err != nil {
			return c, err
		}
	}
	if err := s.requirement(ctx, tx, old.Status, to); err != nil {
		return c, err
	}
	if err := s.tellOwners(ctx, tx, c, happened(to)); err != nil {
		return c, err
	}
	data := describe(c)
	data["from"] = old.Status
	return c, events.Record(ctx, tx, eventOf(to), c.ID, data)
}

func (s *SignIn) mayMove(ctx context.Context, tx *db.TenantTx, c Connection, to Status) error {
	if err := mayMoveBySetup(ctx, c.Status, to); err != nil {
		return err
	}
	if (c.Status == Required || to == Required) && !ownerDecides(ctx) {
		return tenants.ErrOwnerRequired
	}
	if to == Disabled {
		return nil
	}
	if err := mayConfigure(ctx, tx, Draft{DefaultRole: c.DefaultRole, GroupRoles: c.GroupRoles}); err != nil {
		return err
	}
	if c.TokenAuth != "none" && !c.SecretSet() {
		return errs.New(errs.Conflict, "connection_incomplete", "The connection needs its client secret before anybody can sign in through it.")
	}
	if to != Required {
		return nil
	}
	return proven(ctx, tx, c)
}

// proven refuses a connection that has not shown that it works. The operator need not wait for that.
func proven(ctx context.Context, tx *db.TenantTx, c Connection) error {
	if authn.From(ctx).Kind == authn.Operator {
		return nil
	}
	p, err := ProofOf(ctx, tx, c)
	if err != nil {
		return err
	}
	if !p.Enough() {
		return ErrUnproven.With("people", p.People).With("owners", p.Owners)
	}
	return nil
}

// requirement keeps the tenant's policy in step with its connections.
func (s *SignIn) requirement(ctx context.Context, tx *db.TenantTx, from, to Status) error {
	switch {
	case to == Required:
		on := true
		_, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &on})
		return err
	case from == Required:
		return s.relax(ctx, tx)
	default:
		return nil
	}
}

// relax ends the requirement when the last connection that fulfills it is gone: nobody could come in any more.
func (s *SignIn) relax(ctx context.Context, tx *db.TenantTx) error {
	var n int64
	err := tx.DB.WithContext(ctx).Raw("SELECT count(*) FROM connections WHERE tenant_id = ? AND status = 'required'", tx.Tenant).Scan(&n).Error
	if err != nil {
		return fmt.Errorf("count required connections: %w", err)
	}
	if n > 0 {
		return nil
	}
	off := false
	_, err = tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &off})
	return err
}

// Require changes whether single sign-on is the only way in, as the tenant's policy says it: what is required must be a connection that has
// shown that it works, and when nothing is required any more no connection is.
func (s *SignIn) Require(ctx context.Context, tx *db.TenantTx, on bool) error {
	list, err := openConnections(ctx, tx)
	if err != nil {
		return err
	}
	if on {
		err := ErrUnproven
		for _, c := range list {
			if c.Status == Required || proven(ctx, tx, c) == nil {
				err = nil
			}
		}
		if err != nil {
			return err
		}
	}
	if _, err := tenants.SetPolicy(ctx, tx, tenants.PolicyChange{RequireSSO: &on}); err != nil || on {
		return err
	}
	for _, c := range list {
		if c.Status != Required {
			continue
		}
		if _, err := s.Move(ctx, tx, c.ID, Optional); err != nil {
			return err
		}
	}
	return nil
}

// ownerDecides says whether an owner, or the installation itself, is asking.
func ownerDecides(ctx context.Context) bool {
	p := authn.From(ctx)
	return p.Kind == authn.Operator || p.Kind == authn.System || p.MadeByOperator || p.Kind == authn.Member && rbac.Role(p.Role) == rbac.Owner
}

// tester says whether an address may sign in while a connection is in testing.
func (c Connection) tester(email string) bool {
	return c.Status != Testing || slices.Contains(c.Testers, email)
}

func happened(to Status) string {
	switch to {
	case Testing:
		return "opened to its testers"
	case Optional:
		return "activated"
	case Required:
		return "made the only way to sign in"
	default:
		return "disabled"
	}
}

func eventOf(to Status) events.Type {
	switch to {
	case Testing:
		return events.ConnectionInTesting
	case Optional:
		return events.ConnectionActivated
	case Required:
		return events.ConnectionRequired
	default:
		return events.ConnectionDisabled
	}
}

// ApproveIdentities lets the identities of before count at the provider that took the place of the old one: an owner says that the new one
// names the same people by the same subjects. Of two who had one subject at different providers it is the one who came first.
func (s *SignIn) ApproveIdentities(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, which id.Connection) (Connection, error) {
	c, err := s.lock(ctx, tx, which)
	if err != nil || c.FrozenAt == nil {
		return c, err
	}
	if !ownerDecides(ctx) {
		return c, tenants.ErrOwnerRequired
	}
	done := sys.DB.WithContext(ctx).Exec(`UPDATE identities i SET issuer = ? WHERE i.connection_id = ? AND i.created_at < ? AND i.issuer <> ?
		AND NOT EXISTS (SELECT 1 FROM identities o WHERE o.connection_id = i.connection_id AND o.subject = i.subject
			AND (o.issuer = ? OR (o.created_at, o.id) < (i.created_at, i.id)))`,
		c.Issuer, c.ID, *c.FrozenAt, c.Issuer, c.Issuer)
	if done.Error != nil {
		return c, fmt.Errorf("approve identities of connection %s: %w", c.ID, done.Error)
	}
	c.FrozenAt = nil
	if err := store(ctx, tx, &c); err != nil {
		return c, err
	}
	if err := s.tellOwners(ctx, tx, c, "given the identities of its former provider"); err != nil {
		return c, err
	}
	return c, events.Record(ctx, tx, events.IdentitiesApproved, c.ID, events.Data{"moved": done.RowsAffected})
}
