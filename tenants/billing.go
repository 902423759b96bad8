package tenants

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// No billing begins before the year billingSince, nor further ahead than billingAhead: what does is a typing error.
const (
	billingSince = 2000
	billingAhead = 366 * 24 * time.Hour
)

// CheckBilling returns the moment at which a tenant's billing begins if it is said to begin then: the hour in UTC. The zero time stays.
func CheckBilling(begins, now time.Time) (time.Time, error) {
	if begins.IsZero() {
		return time.Time{}, nil
	}
	switch begins = begins.UTC().Truncate(time.Hour); {
	case begins.Year() < billingSince:
		return time.Time{}, errs.InvalidField("begins", "Billing begins in 2000 or later.")
	case begins.After(now.Add(billingAhead)):
		return time.Time{}, errs.InvalidField("begins", "Billing begins within a year from now.")
	}
	return begins, nil
}

// SetBilling has the tenant's billing begin at a moment, of which the day of the month and the hour decide when billing periods begin; with
// the zero time they are the months of the calendar. The period that runs is another at once, and has what was used in its bounds.
func SetBilling(ctx context.Context, tx *db.TenantTx, begins time.Time) (Tenant, error) {
	begins, err := CheckBilling(begins, tx.Now)
	if err != nil {
		return Tenant{}, err
	}
	t, err := current(ctx, tx, locked)
	if err != nil {
		return t, err
	}
	from := t.BillingAnchor
	if t.BillingAnchor = nil; !begins.IsZero() {
		t.BillingAnchor = &begins
	}
	if from == nil && t.BillingAnchor == nil || from != nil && from.Equal(begins) {
		return t, nil
	}
	return t, change(ctx, tx, &t, map[string]any{"billing_anchor": t.BillingAnchor}, events.BillingMoved, events.Data{"from": utc(from), "to": t.BillingAnchor})
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	in := at.UTC()
	return &in
}
