package access

import (
	"context"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Meter says how a tenant's use of a meter is counted, and what it was sold for; false if the catalog has none of this name.
func (s *Store) Meter(ctx context.Context, tenant id.Tenant, name string) (billing.Meter, bool, error) {
	t, err := s.Tenant(ctx, tenant)
	if err != nil {
		return billing.Meter{}, false, err
	}
	c := t.InForce()
	if c == nil {
		return billing.Meter{}, false, ErrStale
	}
	m, _, known := c.MeterOf(&t.Sold, billing.Feature(name), s.Now())
	return m, known, nil
}
