package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// fresh is how long a sign-in counts as recent enough for what sends other people elsewhere.
const fresh = 5 * time.Minute

// ErrReauthRequired asks a person to prove once more who they are.
var ErrReauthRequired = errs.New(errs.Forbidden, "reauth_required", "Sign in once more to do this.")

// Remove takes a domain from the tenant. Its people are sent nowhere then, and another tenant may claim it: so a verified one takes an
// owner, or somebody who has just signed in, and all owners are told.
func (p Prover) Remove(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, which id.Domain) error {
	d, err := domainBy(ctx, tx, "id = ?", which, locked)
	if err != nil {
		return err
	}
	if d.Status == DomainVerified {
		if err := mayUnverify(ctx, tx.Now); err != nil {
			return err
		}
		if err := release(ctx, sys, tx, d.Domain); err != nil {
			return err
		}
		if err := p.tell(ctx, tx, events.DomainRemoved, d); err != nil {
			return err
		}
	}
	if _, err := db.Of[Domain](tx.DB).Where("id = ?", d.ID).Delete(ctx); err != nil {
		return fmt.Errorf("remove domain %s: %w", d.ID, err)
	}
	return events.Record(ctx, tx, events.DomainRemoved, d.ID, events.Data{"domain": d.Domain, "was": d.Status})
}

func mayUnverify(ctx context.Context, now time.Time) error {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Operator, authn.System:
		return nil
	case authn.APIKey, authn.Setup:
		return ErrPersonOnly
	case authn.Member:
		if rbac.Role(p.Role) == rbac.Owner || now.Sub(p.AuthTime) <= fresh {
			return nil
		}
	case authn.Anonymous:
	}
	return ErrReauthRequired
}
