package access

import (
	"maps"
	"sync/atomic"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/authn"
)

// Metered returns what the plan of a principal's tenant says of a meter, from the state that the principal was authenticated from; false if
// the catalog has no such meter. It is the same pointer for as long as nothing of it changes.
func (s *Store) Metered(p *authn.Principal, meter billing.Feature) (*quota.Terms, bool, error) {
	held := s.decisive()
	if held == nil {
		return nil, false, ErrStale
	}
	t := s.held(p)
	m, n, known := held.catalog.MeterOf(&t.Sold, meter, s.Now())
	if !known {
		return nil, false, nil
	}
	return t.metered.keep(meter, quota.Terms{Meter: m, Number: n, Anchor: t.Sold.Anchor, Version: t.Version}), true, nil
}

// Meters returns all meters of the catalog with what the plan of a principal's tenant says of them.
func (s *Store) Meters(p *authn.Principal) (map[billing.Feature]*quota.Terms, error) {
	held := s.decisive()
	if held == nil {
		return nil, ErrStale
	}
	all := map[billing.Feature]*quota.Terms{}
	for _, name := range held.catalog.Meters() {
		terms, known, err := s.Metered(p, name)
		if err != nil {
			return nil, err
		}
		if known {
			all[name] = terms
		}
	}
	return all, nil
}

// meteredTerms are those of one tenant's meters that were asked for. They change by the clock too, when a trial or an override ends.
type meteredTerms struct {
	held atomic.Pointer[map[billing.Feature]*quota.Terms]
}

// keep returns the held terms if they are these, and holds these otherwise. Two that are kept at once may lose one of them, which is then
// kept again.
func (m *meteredTerms) keep(meter billing.Feature, terms quota.Terms) *quota.Terms {
	held := m.held.Load()
	if held != nil {
		if t := (*held)[meter]; t != nil && *t == terms {
			return t
		}
	}
	next := map[billing.Feature]*quota.Terms{}
	if held != nil {
		maps.Copy(next, *held)
	}
	next[meter] = &terms
	m.held.Store(&next)
	return &terms
}
