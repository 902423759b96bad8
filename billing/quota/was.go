package quota

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// Was returns the limit of the tenant's own budget of a meter in the period that began at a moment, as it was when somebody last asked for some
// of it: with grants, and within the tenant's own rule for the same. known is false where nobody did, or where there was no end to it.
func Was(ctx context.Context, tx *db.TenantTx, name billing.Feature, t *Terms, starts time.Time) (limit billing.Number, known bool, err error) {
	_, ends := t.Meter.Period.Bounds(starts, t.Anchor)
	var amounts []int64
	err = tx.DB.WithContext(ctx).Raw(`SELECT amount FROM quotas WHERE tenant_id = ? AND meter = ? AND measure = ? AND kind = ? AND subject = ? AND period = ?
		AND starts_at = ? AND ends_at = ?`, tx.Tenant, name, plain(t.Meter), OfTenant, uuid.Nil, t.Meter.Period, starts, ends).Scan(&amounts).Error
	if err != nil {
		return billing.Number{}, false, fmt.Errorf("read what the limit of %s was: %w", name, err)
	}
	if len(amounts) == 0 {
		return billing.Number{}, false, nil
	}
	return billing.Number{Value: amounts[0]}, true, nil
}
