package tenants

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Seats is the numeric feature that Gatehouse counts by itself: how many members may be active at once. A catalog without it limits none.
const Seats billing.Feature = "seats"

// ErrNoSeat refuses one active member more than the tenant has seats.
var ErrNoSeat = errs.New(errs.Conflict, "seats_exhausted", "All seats of this organization are taken.")

// takeSeat refuses one active member more than there are seats for. Those who become active take turns by the lock of the tenant's row.
// Members who were there before a smaller plan stay. The operator, who sells the seats, is not bound by them.
func takeSeat(ctx context.Context, tx *db.TenantTx) error {
	if authn.From(ctx).Kind == authn.Operator {
		return nil
	}
	if _, err := current(ctx, tx, locked); err != nil {
		return err
	}
	seats, limited, err := seats(ctx, tx)
	if err != nil || !limited || seats.Unlimited {
		return err
	}
	taken, err := db.Of[Membership](tx.DB).Where("status = ?", MemberActive).Count(ctx, "id")
	if err != nil {
		return fmt.Errorf("count members: %w", err)
	}
	if taken >= seats.Value {
		return ErrNoSeat
	}
	return nil
}

// seats is how many there are, by an override or else by the version of the plan that decides now.
func seats(ctx context.Context, tx *db.TenantTx) (n billing.Number, limited bool, err error) {
	sold, err := Entitled(ctx, tx)
	if err != nil {
		return n, false, err
	}
	if o := sold.Override(Seats, tx.Now); o != nil {
		if o.Number != nil {
			n = *o.Number
		}
		return n, true, nil
	}
	pin := sold.At(tx.Now)
	var stored []string
	err = tx.DB.WithContext(ctx).Raw("SELECT terms::text FROM plan_versions WHERE plan = ? AND version = ?", pin.Plan, pin.Version).Scan(&stored).Error
	if err != nil {
		return n, false, fmt.Errorf("load plan version %s: %w", pin, err)
	}
	if len(stored) == 0 { // no catalog has been applied yet
		return n, false, nil
	}
	var terms billing.Terms
	if err := json.Unmarshal([]byte(stored[0]), &terms); err != nil {
		return n, false, fmt.Errorf("read plan version %s: %w", pin, err)
	}
	n, limited = terms.Numbers[Seats]
	return n, limited, nil
}
