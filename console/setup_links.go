package console

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// setupLinksPage makes links with which somebody outside sets up a connection, and says what became of those that were made.
type setupLinksPage struct {
	Again    again
	Problems problems
	Made     madeLink // just now
	Mayact   bool

	Email       field
	Connections []option // for owners, who alone hand out connections that are there
	Lives       []option

	Rows  []setupLinkRow
	Older string // the address of the next page; "" at the end
}

func (setupLinksPage) frame() frame {
	return frame{file: "setup-links", title: "Set-up links", signedIn: true, here: "sso", script: "copy.js"}
}

// madeLink is shown once.
type madeLink struct {
	Link  copyValue
	Email string
	Until moment
}

type setupLinkRow struct {
	ID, For, Connection, By string
	State                   badge
	Made, Until             moment
	Opened, Ends, Used      moment
	Over                    moment // revoked
	Open                    bool   // there is something to revoke
}

// shownLinks is how many links a page has.
const shownLinks = 25

// linkLives are how long a link can wait to be opened, in days.
func linkLives() []option {
	return []option{{Value: "1", Label: "1 day"}, {Value: "3", Label: "3 days"}, {Value: "7", Label: "7 days"}, {Value: "30", Label: "30 days"}}
}

// typedLink is the form as somebody filled it in.
type typedLink struct{ email, connection, days string }

func (c *Console) listSetupLinks(ctx echo.Context) error {
	return c.drawSetupLinks(ctx, typedLink{days: "7"}, madeLink{}, nil)
}

// makeSetupLink shows the new link on the page that answers the form: it is nowhere else, and a redirect would lose it.
func (c *Console) makeSetupLink(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	typed := typedLink{form.Get("email"), form.Get("connection"), form.Get("days")}
	life, ok := map[string]time.Duration{"1": 24 * time.Hour, "3": 3 * 24 * time.Hour, "7": 7 * 24 * time.Hour, "30": 30 * 24 * time.Hour}[typed.days]
	in := sso.NewSetupLink{Email: typed.email}
	if err := in.Connection.UnmarshalText([]byte(typed.connection)); err != nil || !ok {
		return errForm
	}
	r := ctx.Request().Context()
	var made madeLink
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error {
		in.ExpiresAt = tx.Now.Add(life)
		l, address, err := c.signIn.CreateSetupLink(r, tx, in)
		made = madeLink{copyValue{"made-link", "The link", address}, l.Email, momentOf(l.ExpiresAt)}
		return err
	})
	if err != nil {
		return c.drawSetupLinks(ctx, typed, madeLink{}, err)
	}
	return c.drawSetupLinks(ctx, typedLink{days: "7"}, made, nil)
}

func (c *Console) revokeSetupLink(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var which id.SetupLink
	if err := which.UnmarshalText([]byte(form.Get("link"))); err != nil || which.IsZero() {
		return errs.NotFound("set-up link")
	}
	r := ctx.Request().Context()
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return sso.RevokeSetupLink(r, tx, which) })
	if err != nil {
		return err
	}
	return c.redirect(ctx, "/sso/setup-links")
}

func (c *Console) drawSetupLinks(ctx echo.Context, typed typedLink, made madeLink, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, onlyField("email")); !ok || asksAgain(refusal) {
			return refusal
		}
		wrong.Heading = "No link was made"
	}
	var before id.SetupLink
	if err := before.UnmarshalText([]byte(ctx.QueryParam("before"))); err != nil {
		return errs.NotFound("page")
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	page := setupLinksPage{
		Again: c.againOf(p, "/sso/setup-links"), Problems: wrong, Made: made, Mayact: c.may(p, rbac.ConnectionsWrite), Lives: chosen(linkLives(), typed.days),
		Email: field{
			ID: "email", Label: "E-mail of who sets it up", Type: "email", Value: typed.email, Optional: true, Problem: wrong.of("email"),
			Hint: "The link is mailed there. Without an address you hand it over yourself.",
		},
	}
	err := c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := sso.LatestSetupLinks(r, tx, before, shownLinks+1)
		if err != nil {
			return err
		}
		if len(list) > shownLinks {
			list = list[:shownLinks]
			page.Older = "?before=" + list[shownLinks-1].ID.String()
		}
		if page.Rows, err = (connectionReader{ctx: r, tx: tx}).setupLinkRows(list); err != nil || !decides(p) {
			return err
		}
		page.Connections, err = connectionChoices(r, tx, typed.connection, "A new one")
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, status, page)
}

func (r connectionReader) setupLinkRows(list []sso.SetupLink) ([]setupLinkRow, error) {
	names, err := connectionNames(r.ctx, r.tx)
	if err != nil {
		return nil, err
	}
	var rows []setupLinkRow
	for _, l := range list {
		who := "The operator"
		if !l.CreatedBy.IsZero() {
			if who, err = r.who(l.CreatedBy.String()); err != nil {
				return nil, err
			}
		}
		state := l.Status(r.tx.Now)
		rows = append(rows, setupLinkRow{
			ID: l.ID.String(), For: or(l.Email, "Handed over"), Connection: linkedName(l, names), By: who, State: linkBadge(l, state), Made: momentOf(l.CreatedAt),
			Until: momentOf(l.ExpiresAt), Opened: someMoment(l.OpenedAt), Ends: someMoment(l.SessionExpiresAt), Used: someMoment(l.UsedAt),
			Over: someMoment(l.RevokedAt), Open: state == sso.SetupLinkPending || state == sso.SetupLinkInUse,
		})
	}
	return rows, nil
}

// linkedName is the connection that a link is for, or that was made with it.
func linkedName(l sso.SetupLink, names map[id.Connection]string) string {
	if l.ConnectionID.IsZero() {
		return "A new connection"
	}
	return or(names[l.ConnectionID], "A connection that was deleted")
}

func linkBadge(l sso.SetupLink, state sso.SetupLinkStatus) badge {
	switch state {
	case sso.SetupLinkPending:
		return badge{"Not opened yet", careful}
	case sso.SetupLinkInUse:
		return badge{"In use", good}
	case sso.SetupLinkEnded:
		return badge{"Revoked", bad}
	case sso.SetupLinkOver:
		if l.OpenedAt != nil {
			return badge{"Used up", calm}
		}
		return badge{"Expired", calm}
	default:
		return badge{string(state), calm}
	}
}

// connectionChoices are the organization's connections for a form, after one for none of them.
func connectionChoices(ctx context.Context, tx *db.TenantTx, typed, none string) ([]option, error) {
	list, err := sso.Connections(ctx, tx, id.Connection{}, maxConnections)
	var all []option
	if none != "" {
		all = append(all, option{Label: none})
	}
	for _, one := range list {
		all = append(all, option{Value: one.ID.String(), Label: one.Name})
	}
	if len(all) == 0 {
		return nil, err
	}
	return chosen(all, typed), err
}

// onlyField names the field of a form that a refusal may blame; all other blame stands above the form.
func onlyField(name string) func(string) string {
	return func(of string) string {
		if of == name {
			return name
		}
		return ""
	}
}
