package access

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
)

// Rates says how much traffic the tenant of a principal may cause: what the catalog in force says of the plan that the tenant had when the
// principal was authenticated. Versions of plans have no limits of their own. It is nil, which limits nothing, while there is no catalog.
func (s *Store) Rates(p *authn.Principal) *catalog.Rates {
	held := s.catalog.Load()
	if held == nil {
		return nil
	}
	return held.catalog.Rates(billing.Plan(p.Plan))
}
