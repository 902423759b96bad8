package access

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Grants is all that a caller may do. The zero value is nothing.
type Grants struct {
	Permissions []rbac.Permission
	Features    []billing.Feature // that the tenant has
	Catalog     int64             // the version that says so
	Clause      string            // why there is nothing, if something speaks against the caller
	Message     string            // for a person
}

// Grants lists what [Store.Decide] would allow, for a principal whom Session or Key returned with the error that came with it.
func (s *Store) Grants(p *authn.Principal, standing error) Grants {
	if standing == nil && p == nil {
		standing = ErrNoMembership
	}
	if standing != nil {
		e := errs.As(standing)
		return Grants{Clause: e.Code, Message: e.Detail}
	}
	held := s.decisive()
	if held == nil {
		return Grants{Clause: noCatalog, Message: noCatalogMessage}
	}
	t, now, role := s.held(p), s.Now(), rbac.Role(p.Role)
	return Grants{
		Permissions: held.catalog.AllowedFor(&t.Sold, catalog.Question{Role: role, Custom: t.role(held.catalog, role)}, now),
		Features:    held.catalog.IncludedFor(&t.Sold, now), Catalog: held.version,
	}
}
