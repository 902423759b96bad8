package quota

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Grant is what a tenant is given once beside its plan: it is used up after the plan's number of a period, also across periods, until
// it expires. The one that expires first goes first.
type Grant struct {
	ID        id.Grant
	Meter     billing.Feature
	Amount    int64
	StartsAt  time.Time
	ExpiresAt time.Time
	Reason    string
	GivenBy   string
	RevokedAt *time.Time
}

const maxReason = 200

// Give gives the tenant more of a meter until a moment, for a reason. To have it end with the period, let it expire with
// [billing.Period.Bounds].
func Give(ctx context.Context, tx *db.TenantTx, g Grant) (Grant, error) {
	_, badMeter := billing.ParseFeature(string(g.Meter))
	switch {
	case badMeter != nil:
		return Grant{}, errs.InvalidField("meter", "This is no name of a meter.")
	case g.Amount <= 0:
		return Grant{}, errs.InvalidField("amount", "A grant is more than nothing.")
	case !g.ExpiresAt.After(tx.Now):
		return Grant{}, errs.InvalidField("expires", "This time has passed.")
	case g.Reason != strings.TrimSpace(g.Reason) || g.Reason == "" || utf8.RuneCountInString(g.Reason) > maxReason:
		return Grant{}, errs.InvalidField("reason", "Say why, in 1 to 200 characters.")
	}
	g.ID, g.StartsAt, g.ExpiresAt, g.RevokedAt = id.New[id.Grant](), tx.Now, g.ExpiresAt.UTC(), nil
	if g.GivenBy = authn.From(ctx).Subject(); g.GivenBy == "" {
		g.GivenBy = string(authn.From(ctx).Kind)
	}
	err := tx.DB.WithContext(ctx).Exec(`INSERT INTO quota_grants (id, meter, amount, starts_at, expires_at, reason, given_by)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, g.ID, g.Meter, g.Amount, g.StartsAt, g.ExpiresAt, g.Reason, g.GivenBy).Error
	if err != nil {
		return Grant{}, fmt.Errorf("give more of %s: %w", g.Meter, err)
	}
	tx.Changed("tenant")
	return g, events.Record(ctx, tx, events.GrantGiven, g.ID, events.Data{"meter": g.Meter, "amount": g.Amount, "expires_at": g.ExpiresAt, "reason": g.Reason})
}

// Revoke takes back what is left of a grant.
func Revoke(ctx context.Context, tx *db.TenantTx, grant id.Grant) error {
	changed := tx.DB.WithContext(ctx).Exec("UPDATE quota_grants SET revoked_at = ? WHERE tenant_id = ? AND id = ? AND revoked_at IS NULL", tx.Now, tx.Tenant, grant)
	if changed.Error != nil {
		return fmt.Errorf("revoke grant %s: %w", grant, changed.Error)
	}
	if changed.RowsAffected == 0 {
		return errs.NotFound("grant")
	}
	tx.Changed("tenant")
	return events.Record(ctx, tx, events.GrantRevoked, grant, nil)
}

// Grants returns the grants of the tenant, the oldest first, also those that are over.
func Grants(ctx context.Context, tx *db.TenantTx) ([]Grant, error) {
	var list []Grant
	err := tx.DB.WithContext(ctx).Raw(`SELECT id, meter, amount, starts_at, expires_at, reason, given_by, revoked_at FROM quota_grants
		WHERE tenant_id = ? ORDER BY starts_at, id`, tx.Tenant).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return list, nil
}

// spent is what of a former period was above what the plan included.
type spent struct {
	starts, ends time.Time
	over         int64
}

// granted is what the grants of a moment come to, used or not.
func granted(grants []Grant, now time.Time) int64 { return left(grants, nil, now) }

// left returns what grants add at a moment in the period that holds it, after what former periods, oldest first, have used of them.
func left(grants []Grant, former []spent, now time.Time) (n int64) {
	grants = slices.SortedFunc(slices.Values(grants), func(a, b Grant) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	for _, p := range former {
		for i := range grants {
			g := &grants[i]
			if g.StartsAt.Before(p.ends) && g.ExpiresAt.After(p.starts) {
				used := min(p.over, g.Amount)
				g.Amount, p.over = g.Amount-used, p.over-used
			}
		}
	}
	for _, g := range grants {
		if !now.Before(g.StartsAt) && now.Before(g.ExpiresAt) {
			n = plus(n, g.Amount)
		}
	}
	return n
}
