package sso

import (
	"context"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// setupRole is the highest role that people get through what somebody outside has set up.
const setupRole = rbac.Member

// ErrSetupDone refuses a second connection to a link that has one.
var ErrSetupDone = errs.New(errs.Conflict, "setup_link_taken", "This set-up link already has its connection. Change that one, or discard it while it is a draft.")

// mayTryBySetup is mayTry for the holder of a set-up link. It holds the link, so that a revocation waits and then counts.
func mayTryBySetup(ctx context.Context, tx *db.TenantTx, d Draft) error {
	if _, err := liveLink(ctx, tx, authn.From(ctx).SetupLink); err != nil {
		return err
	}
	if !rbac.CanGrant(setupRole, d.DefaultRole) {
		return errs.InvalidField("default_role", "With a set-up link, people join as members or viewers.")
	}
	for _, g := range d.GroupRoles {
		if !rbac.CanGrant(setupRole, g.Role) {
			return errs.InvalidField("group_roles", "With a set-up link, groups give the roles member and viewer.")
		}
	}
	return nil
}

// useSetupLink notes when something was first configured with the link of who acts, if they hold one.
func useSetupLink(ctx context.Context, tx *db.TenantTx) error {
	p := authn.From(ctx)
	if p.Kind != authn.Setup {
		return nil
	}
	held, err := liveLink(ctx, tx, p.SetupLink)
	if err != nil || held.Link.UsedAt != nil {
		return err
	}
	l := held.Link
	l.UsedAt = &tx.Now
	if err := l.store(ctx, tx, "used_at"); err != nil {
		return err
	}
	return events.Record(ctx, tx, events.SetupLinkUsed, l.ID, l.describe())
}

// ownConnection hides all connections but its own from the holder of a set-up link; others see them all.
func ownConnection(ctx context.Context, tx *db.TenantTx, which id.Connection) error {
	p := authn.From(ctx)
	if p.Kind != authn.Setup {
		return nil
	}
	held, err := liveLink(ctx, tx, p.SetupLink)
	if err == nil && (which.IsZero() || held.Link.ConnectionID != which) {
		return errs.NotFound("connection")
	}
	return err
}

// takeConnection makes a new connection that of the link with which it was made. A link has one.
func takeConnection(ctx context.Context, tx *db.TenantTx, made id.Connection) error {
	p := authn.From(ctx)
	if p.Kind != authn.Setup {
		return nil
	}
	held, err := liveLink(ctx, tx, p.SetupLink)
	if err != nil {
		return err
	}
	l := held.Link
	if !l.ConnectionID.IsZero() {
		return ErrSetupDone
	}
	l.ConnectionID = made
	return l.store(ctx, tx, "connection_id")
}

// discardBySetup lets the holder of a set-up link begin again: what they made goes, as long as it is a draft that nobody uses.
func discardBySetup(ctx context.Context, tx *db.TenantTx, c Connection) error {
	p := authn.From(ctx)
	if p.Kind != authn.Setup {
		return nil
	}
	held, err := liveLink(ctx, tx, p.SetupLink)
	if err != nil {
		return err
	}
	l := held.Link
	if l.Existing || l.ConnectionID != c.ID || c.Status != Drafted {
		return errForbidden
	}
	l.ConnectionID = id.Connection{}
	return l.store(ctx, tx, "connection_id")
}

// mayMoveBySetup lets the holder of a set-up link open what they have made, to testers and then to everybody. That nobody comes in another
// way, and what takes a way in from somebody, is for owners.
func mayMoveBySetup(ctx context.Context, from, to Status) error {
	if authn.From(ctx).Kind != authn.Setup {
		return nil
	}
	if to == Required {
		return tenants.ErrOwnerRequired
	}
	opens := map[Status][]Status{Testing: {Drafted}, Optional: {Drafted, Testing}}
	if !slices.Contains(opens[to], from) {
		return errForbidden
	}
	return nil
}

// ownedBySetup is ownConnection outside of a transaction.
func (s *SignIn) ownedBySetup(ctx context.Context, p *authn.Principal, which id.Connection) error {
	return s.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error { return ownConnection(authn.With(ctx, p), tx, which) })
}
