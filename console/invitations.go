package console

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// invitationsPage asks people to join, and shows who was asked and has not come yet.
type invitationsPage struct {
	Tenant   string
	Problems problems
	Email    field
	Roles    []roleOption
	Rows     []invitationRow
	Older    string // the address of the next page; "" at the end
}

func (invitationsPage) frame() frame {
	return frame{file: "invitations", title: "Invitations", signedIn: true, here: "invitations"}
}

type invitationRow struct {
	ID, Email, Role, By string
	State               badge
	Sent, Until         moment
	Sends               string
	Mayact              bool // the role is not above that of who looks
}

// shownInvitations is how many a page has.
const shownInvitations = 50

// typedInvitation is the form as somebody filled it in.
type typedInvitation struct {
	email string
	role  rbac.Role
}

func (c *Console) listInvitations(ctx echo.Context) error {
	return c.drawInvitations(ctx, typedInvitation{role: rbac.Member}, nil)
}

func (c *Console) invite(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	typed := typedInvitation{form.Get("email"), rbac.Role(form.Get("role"))}
	return c.changeInvitations(ctx, typed, func(r context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Invite(r, tx, tenants.NewInvitation{Email: typed.email, Role: typed.role})
		return err
	})
}

func (c *Console) inviteAgain(ctx echo.Context) error {
	return c.withInvitation(ctx, func(r context.Context, tx *db.TenantTx, which id.Invitation) error {
		_, err := c.signIn.InviteAgain(r, tx, which)
		return err
	})
}

func (c *Console) revokeInvitation(ctx echo.Context) error {
	return c.withInvitation(ctx, tenants.RevokeInvitation)
}

func (c *Console) withInvitation(ctx echo.Context, do func(context.Context, *db.TenantTx, id.Invitation) error) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var which id.Invitation
	if err := which.UnmarshalText([]byte(form.Get("invitation"))); err != nil || which.IsZero() {
		return errs.NotFound("invitation")
	}
	return c.changeInvitations(ctx, typedInvitation{role: rbac.Member}, func(r context.Context, tx *db.TenantTx) error { return do(r, tx, which) })
}

func (c *Console) changeInvitations(ctx echo.Context, typed typedInvitation, do func(context.Context, *db.TenantTx) error) error {
	r := ctx.Request().Context()
	if err := c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return do(r, tx) }); err != nil {
		return c.drawInvitations(ctx, typed, err)
	}
	return c.redirect(ctx, "/invitations")
}

// drawInvitations draws the page with what was typed and what is wrong with it. What is no fault of the form is returned.
func (c *Console) drawInvitations(ctx echo.Context, typed typedInvitation, refusal error) error {
	status, wrong, ok := refusedInvitation(ctx, refusal)
	if !ok {
		return refusal
	}
	var before id.Invitation
	if err := before.UnmarshalText([]byte(ctx.QueryParam("before"))); err != nil {
		return errs.NotFound("page")
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	tenant, err := c.access.Tenant(r, p.Tenant)
	if err != nil {
		return err
	}
	page := invitationsPage{
		Tenant: tenant.Name, Problems: wrong,
		Email: field{
			ID: "email", Label: "E-mail", Type: "email", Value: typed.email, Problem: wrong.of("email"),
			Hint: "Only who proves this address can accept.",
		},
	}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) (err error) {
		if page.Roles, err = rolesToGive(r, tx, typed.role); err != nil {
			return err
		}
		list, err := tenants.WaitingInvitations(r, tx, before, shownInvitations+1)
		if err != nil {
			return err
		}
		if len(list) > shownInvitations {
			list = list[:shownInvitations]
			page.Older = "?before=" + list[shownInvitations-1].ID.String()
		}
		page.Rows, err = connectionReader{ctx: r, tx: tx, viewer: p}.invitationRows(list, page.Roles)
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, status, page)
}

// refusedInvitation is what to tell of a refusal; also that too many were sent belongs on the page.
func refusedInvitation(ctx echo.Context, refusal error) (status int, wrong problems, ok bool) {
	if refusal == nil {
		return http.StatusOK, problems{}, true
	}
	if e := errs.As(refusal); e.Kind == errs.TooMany {
		ctx.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		return int(e.Kind), problems{Heading: "Nothing was sent", General: e.Detail}, true
	}
	wrong, status, ok = problemsOf(refusal, onlyField("email"))
	wrong.Heading = "That was not done"
	return status, wrong, ok
}

// invitationRows says of invitations what a list does. Those with a role that the viewer may give can be acted on.
func (r connectionReader) invitationRows(list []tenants.Invitation, given []roleOption) ([]invitationRow, error) {
	names, err := roleNamesOf(r.ctx, r.tx)
	if err != nil {
		return nil, err
	}
	var rows []invitationRow
	for _, i := range list {
		row := invitationRow{
			ID: i.ID.String(), Email: i.Email, Role: names.of(i.Role), State: badge{"Waiting", careful}, Sent: momentOf(i.SentAt), Until: momentOf(i.ExpiresAt),
			Mayact: slices.ContainsFunc(given, func(o roleOption) bool { return o.Value == string(i.Role) }), By: "The operator",
		}
		if i.Status(r.tx.Now) == tenants.InvitationExpired {
			row.State = badge{"Expired", bad}
		}
		if i.Sends > 1 {
			row.Sends = count(i.Sends, "time", "times")
		}
		switch {
		case !i.InvitedKey.IsZero():
			row.By = "An API key"
		case !i.InvitedBy.IsZero():
			row.By, err = r.who(i.InvitedBy.String())
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
