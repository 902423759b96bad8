package access

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
)

// Rates says how much traffic the tenant of a principal may cause: what the version of its plan says that decides now. It is nil, which limits
// nothing, while there is no catalog.
func (s *Store) Rates(p *authn.Principal) *catalog.Rates {
	held := s.catalog.Load()
	if held == nil {
		return nil
	}
	if t, ok := p.Held.(*Tenant); ok && t != nil {
		return held.catalog.RatesFor(&t.Sold, s.Now())
	}
	return held.catalog.Rates(billing.Plan(p.Plan))
}
