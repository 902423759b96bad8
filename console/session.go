package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// sessionsPage lists where a person is signed in.
type sessionsPage struct {
	Tenant   string
	Sessions []sessionRow
}

type sessionRow struct {
	ID, Device, Address, Method string
	Since, Seen                 moment
	Current                     bool
}

func (sessionsPage) frame() frame {
	return frame{file: "sessions", title: "Your sessions", signedIn: true, here: "sessions"}
}

// Others says that there is more than the session that asks.
func (p sessionsPage) Others() bool { return len(p.Sessions) > 1 }

func (c *Console) listSessions(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, err := c.access.Tenant(r, p.Tenant)
	if err != nil {
		return err
	}
	page := sessionsPage{Tenant: tenant.Name}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := sessions.List(r, tx, p.Membership)
		for _, s := range list {
			page.Sessions = append(page.Sessions, sessionRow{
				ID: s.ID.String(), Device: deviceOf(s.UserAgent), Address: s.Address, Method: methodName(s.Method),
				Since: momentOf(s.CreatedAt), Seen: momentOf(s.LastSeenAt), Current: s.ID == p.Session,
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, page)
}

func (c *Console) revokeSession(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var which id.Session
	if err := which.UnmarshalText([]byte(form.Get("session"))); err != nil || which.IsZero() {
		return errs.NotFound("session")
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		return sessions.Revoke(r, tx, which, p.Membership, sessions.ReasonRevoked)
	})
	if err != nil {
		return err
	}
	return c.seeOther(ctx, "/sessions")
}

func (c *Console) revokeOthers(ctx echo.Context) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	err := c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		_, err := sessions.RevokeAll(r, tx, p.Membership, p.Session, sessions.ReasonRevoked)
		return err
	})
	if err != nil {
		return err
	}
	return c.seeOther(ctx, "/sessions")
}
