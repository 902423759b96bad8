package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// membersPage lists who belongs to the organization, the oldest member first.
type membersPage struct {
	Tenant string
	Rows   []memberRow
	Seeing bool   // the viewer may know of sessions
	More   string // the address of the next page; "" at the end
	Later  bool   // it is not the first page
}

type memberRow struct {
	ID, Name, Email, Role string
	State                 badge
	Self                  bool
	Way                   string // how they came in last; "" if that is not known
	Seen                  moment
}

func (membersPage) frame() frame {
	return frame{file: "members", title: "Members", signedIn: true, here: "members"}
}

// shownMembers is how many a page has.
const shownMembers = 50

func (c *Console) listMembers(ctx echo.Context) error {
	var after id.Membership
	if err := after.UnmarshalText([]byte(ctx.QueryParam("after"))); err != nil {
		return errs.NotFound("page")
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, err := c.access.Tenant(r, p.Tenant)
	if err != nil {
		return err
	}
	page := membersPage{Tenant: tenant.Name, Seeing: c.may(p, rbac.SessionsRead), Later: !after.IsZero()}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := tenants.Members(r, tx, after, shownMembers+1)
		if err != nil {
			return err
		}
		if len(list) > shownMembers {
			list = list[:shownMembers]
			page.More = "?after=" + list[shownMembers-1].ID.String()
		}
		page.Rows, err = memberRows(r, tx, list, page.Seeing)
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, page)
}

// memberRows says of members what a list does; of their sessions only to who may know.
func memberRows(ctx context.Context, tx *db.TenantTx, list []tenants.Membership, seeing bool) ([]memberRow, error) {
	names, err := roleNamesOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	latest, through := map[id.Membership]sessions.Session{}, map[id.Connection]string{}
	if seeing {
		var members []id.Membership
		for _, m := range list {
			members = append(members, m.ID)
		}
		if latest, err = sessions.Latest(ctx, tx, members); err != nil {
			return nil, err
		}
		if through, err = connectionNames(ctx, tx); err != nil {
			return nil, err
		}
	}
	var rows []memberRow
	for _, m := range list {
		row := memberRow{
			ID: m.ID.String(), Name: or(m.Name, m.Email), Email: m.Email, Role: names.of(m.Role), State: memberBadge(m.Status),
			Self: m.ID == authn.From(ctx).Membership,
		}
		if s, known := latest[m.ID]; known {
			row.Way, row.Seen = or(through[s.ConnectionID], methodName(s.Method)), momentOf(s.LastSeenAt)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func memberBadge(s tenants.MemberStatus) badge {
	if s == tenants.MemberSuspended {
		return badge{"Suspended", bad}
	}
	return badge{"Active", good}
}
