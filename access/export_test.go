package access

import "github.com/seed-2a059015/gatehouse/catalog"

// Corrupt makes a store answer from the table of another catalog than the one whose Casbin policy it has.
func Corrupt(s *Store, table *catalog.Catalog) {
	held := s.catalog.Load()
	s.catalog.Store(&inForce{table, held.version, held.casbin})
}
