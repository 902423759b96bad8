package web

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Guard protects a route of an embedding product as a row of a table would be: who is asking, CSRF, permission and plan
// feature ("" for none). With a group its requests count as those of that group, of what the tenant's plan allows. The principal is in the context of the request that the product's handler gets. A refusal is
// answered as a problem document, and the handler is not called.
func (s *Server) Guard(p rbac.Permission, f billing.Feature, group catalog.Group) echo.MiddlewareFunc {
	route := &mounted{Route: Route{permission: p, feature: f, group: group}}
	steps := []step{
		(*exchange).originate, (*exchange).gather, (*exchange).protect, (*exchange).authenticate, (*exchange).permit,
	}
	if group != "" {
		steps = append(steps, (*exchange).meter)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ex := s.begin(c, route)
			// Whatever the product answers is about one person, until it says otherwise.
			c.Response().Header().Set("Cache-Control", "no-store")
			for _, step := range steps {
				if err := step(ex); err != nil {
					s.refuse(ex, err)
					return nil
				}
			}
			c.SetRequest(c.Request().WithContext(ex.ctx))
			return next(c)
		}
	}
}

// Refuse answers a request that a guard let through with a failure, as the guard does. It returns no error.
func (s *Server) Refuse(c echo.Context, err error) error {
	ex, ok := c.Request().Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		ex = s.begin(c, nil)
		_ = ex.originate()
	}
	s.refuse(ex, err)
	return nil
}

// Identify says whose browser is asking on an open row, refreshing the session if need be. The error says why it is nobody,
// or, with a principal, what speaks against them.
func (s *Server) Identify(c echo.Context) (*authn.Principal, error) {
	ex, ok := c.(*exchange)
	if !ok {
		ex = s.begin(c, nil)
		for _, step := range []step{(*exchange).originate, (*exchange).gather} {
			if err := step(ex); err != nil {
				return nil, err
			}
		}
	}
	if ex.principal == nil {
		if err := ex.authenticate(); err != nil {
			return nil, err
		}
	}
	return ex.principal, ex.standing
}
