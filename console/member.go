package console

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// memberPage is one member, with what the viewer may do about them.
type memberPage struct {
	Problems  problems
	Member    memberRow
	Seeing    bool // the viewer may know of sessions
	Joined    moment
	How       string
	Suspended bool
	Mayact    bool // their role is not above the viewer's
	Roles     []roleOption
	Follows   string // the connection by whose groups their role is set anew at each sign-in; "" if there is none
}

func (p memberPage) frame() frame {
	return frame{file: "member", title: or(p.Member.Name, "Member"), signedIn: true, here: "members"}
}

func (c *Console) showMember(ctx echo.Context) error { return c.drawMember(ctx, "", nil) }

func (c *Console) giveRole(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	chosen := rbac.Role(form.Get("role"))
	return c.changeMember(ctx, chosen, func(r context.Context, tx *db.TenantTx, which id.Membership) error {
		_, err := tenants.SetRole(r, tx, which, chosen)
		return err
	})
}

func (c *Console) suspendMember(ctx echo.Context) error {
	return c.changeMember(ctx, "", func(r context.Context, tx *db.TenantTx, which id.Membership) error {
		_, err := sessions.SuspendMember(r, tx, which)
		return err
	})
}

func (c *Console) reinstateMember(ctx echo.Context) error {
	return c.changeMember(ctx, "", func(r context.Context, tx *db.TenantTx, which id.Membership) error {
		_, err := tenants.ResumeMember(r, tx, which)
		return err
	})
}

func (c *Console) removeMember(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	if !form.Has("confirmed") {
		return c.drawMember(ctx, "", errUnconfirmed)
	}
	return c.changeMember(ctx, "", sessions.RemoveMember)
}

func (c *Console) changeMember(ctx echo.Context, chosen rbac.Role, do func(context.Context, *db.TenantTx, id.Membership) error) error {
	which, err := memberParam(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	gone := false
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error {
		if err := do(r, tx, which); err != nil {
			return err
		}
		_, err := tenants.Member(r, tx, which)
		if gone = errs.As(err).Kind == errs.Missing && err != nil; gone {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return c.drawMember(ctx, chosen, err)
	case gone:
		return c.redirect(ctx, "/members")
	default:
		return c.redirect(ctx, "/members/"+which.String())
	}
}

// memberParam is the member of the path.
func memberParam(ctx echo.Context) (which id.Membership, err error) {
	if err := which.UnmarshalText([]byte(ctx.Param("member"))); err != nil || which.IsZero() {
		return which, errs.NotFound("member")
	}
	return which, nil
}

// drawMember draws the page of the path's member, with what was chosen and what is wrong with it. What is no fault of a form is returned.
func (c *Console) drawMember(ctx echo.Context, chosen rbac.Role, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, onlyField("role")); !ok {
			return refusal
		}
		wrong.Heading = "Nothing was changed"
	}
	which, err := memberParam(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	page := memberPage{Problems: wrong, Seeing: c.may(p, rbac.SessionsRead)}
	if err := c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error { return page.read(r, tx, which, chosen) }); err != nil {
		return err
	}
	return c.render(ctx, status, page)
}

func (p *memberPage) read(ctx context.Context, tx *db.TenantTx, which id.Membership, chosen rbac.Role) error {
	m, err := tenants.Member(ctx, tx, which)
	if err != nil {
		return err
	}
	rows, err := memberRows(ctx, tx, []tenants.Membership{m}, p.Seeing)
	if err != nil {
		return err
	}
	p.Member, p.Joined, p.How, p.Suspended = rows[0], momentOf(m.CreatedAt), joinedBy(m.Source), m.Status == tenants.MemberSuspended
	if p.Follows, err = followedBy(ctx, tx, m); err != nil {
		return err
	}
	err = tenants.MayChange(ctx, tx, m)
	if p.Mayact = err == nil; !p.Mayact {
		if errors.Is(err, tenants.ErrRoleTooHigh) {
			return nil
		}
		return err
	}
	if p.Roles, err = rolesToGive(ctx, tx, m.Role); err != nil {
		return err
	}
	offered := slices.ContainsFunc(p.Roles, func(o roleOption) bool { return o.Value == string(chosen) })
	for i := range p.Problems.List { // what a page offers was there when it was drawn
		if p.Problems.List[i].ID == "role" && !offered {
			p.Problems.List[i].Text = "This role is not there any more. Choose another one."
		}
	}
	return nil
}

// followedBy is the connection that gives a member their role at each sign-in, by their groups there.
func followedBy(ctx context.Context, tx *db.TenantTx, m tenants.Membership) (string, error) {
	if m.Role == rbac.Owner { // whom no provider touches
		return "", nil
	}
	list, err := sso.Connections(ctx, tx, id.Connection{}, maxConnections)
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if len(c.GroupRoles) == 0 || !c.Status.Open() {
			continue
		}
		_, err := sso.GroupsOf(ctx, tx, m.ID, c.ID)
		switch {
		case err == nil:
			return c.Name, nil
		case errs.As(err).Kind != errs.Missing:
			return "", err
		}
	}
	return "", nil
}

func joinedBy(source string) string {
	switch source {
	case tenants.SourceJIT:
		return "at their first sign-in"
	case tenants.SourceInvitation:
		return "by an invitation"
	case tenants.SourceOperator:
		return "made by the operator"
	default:
		return ""
	}
}
