package console

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// outside says that the viewer is nobody's member, so that nothing about members is shown.
func (v viewer) outside() bool { return v.setup != nil }

// only is the one connection that the holder of a link may see; zero until it is made.
func (v viewer) only() id.Connection {
	if v.setup == nil {
		return id.Connection{}
	}
	return v.setup.Link.ConnectionID
}

// sees refuses a connection that the viewer has nothing to do with, as if it did not exist.
func (v viewer) sees(c id.Connection) error {
	if c.IsZero() || c == id.Google || v.outside() && c != v.only() {
		return errs.NotFound("connection")
	}
	return nil
}

// decides says that the viewer is an owner, who alone begins and ends the requirement.
func (v viewer) decides() bool {
	return v.principal.Kind == authn.Member && rbac.Role(v.principal.Role) == rbac.Owner
}

// mayAlso asks whether the viewer has a permission beside that of the set-up. Proving domains is part of it for who holds a link.
func (c *Console) mayAlso(v viewer, p rbac.Permission) bool {
	return v.outside() || c.access.Decide(v.principal, nil, p, "").Allowed
}

// connectionOf is the connection of the path, if the viewer may see it.
func (v viewer) connectionOf(ctx echo.Context) (id.Connection, error) {
	var which id.Connection
	if err := which.UnmarshalText([]byte(ctx.Param("connection"))); err != nil {
		return which, errs.NotFound("connection")
	}
	return which, v.sees(which)
}
