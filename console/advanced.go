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
	"github.com/seed-2a059015/gatehouse/sso"
)

// advancedPage is what few people change at a SAML connection: our keys, and what is accepted beyond the ordinary.
type advancedPage struct {
	ID, Name string
	State    badge
	Mayact   bool
	Problem  string // why the last thing that was asked for was not done

	Metadata copyValue
	Keys     []keyRow
	Moves    []keyMove
	Groups   []switchGroup
}

func (p advancedPage) frame() frame {
	return frame{file: "advanced", title: "Advanced settings of " + p.Name, signedIn: true, here: "sso", script: "copy.js"}
}

func (c *Console) showAdvanced(ctx echo.Context) error {
	return c.drawAdvanced(ctx, http.StatusOK, "")
}

// drawAdvanced draws the page of the path's connection, with what went wrong just now. Only SAML has such settings.
func (c *Console) drawAdvanced(ctx echo.Context, status int, problem string) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	page := advancedPage{Problem: problem, Mayact: c.may(p, rbac.ConnectionsWrite)}
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		found, err := sso.ConnectionByID(r, tx, which)
		if err != nil {
			return err
		}
		if found.SAML == nil {
			return errs.NotFound("page")
		}
		keys, err := sso.KeysOf(r, tx, found.ID)
		if err != nil {
			return err
		}
		page.ID, page.Name, page.State = found.ID.String(), found.Name, stateBadge(found.Status)
		page.Keys, page.Moves = keyRowsOf(keys, tx.Now), keyMovesOf(keys)
		page.Groups, err = connectionReader{ctx: r, tx: tx, connection: found}.switches()
		return err
	})
	if err != nil {
		return err
	}
	page.Metadata = copyValue{"metadata", "Our metadata, for the provider", c.signIn.EntityID(which)}
	return c.render(ctx, status, page)
}

// answerAdvanced goes back to the page, or draws it with why something was not done.
func (c *Console) answerAdvanced(ctx echo.Context, which id.Connection, err error) error {
	if text, status := tellable(err); text != "" {
		return c.drawAdvanced(ctx, status, text)
	}
	if err != nil {
		return err
	}
	return c.redirect(ctx, "/sso/"+which.String()+"/advanced")
}

// errUnconfirmed is for forms that ask people to tick what they understand.
var errUnconfirmed = errs.New(errs.Invalid, "unconfirmed", "Tick the box beside the button to say that you want this.")

// changeSAML saves the path's connection with other settings, as its draft would be typed.
func (c *Console) changeSAML(ctx echo.Context, change func(*sso.SAMLDraft)) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	var found sso.Connection
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		found, err = sso.ConnectionByID(r, tx, which)
		return err
	})
	if err != nil {
		return err
	}
	draft := found.Draft()
	if draft.SAML == nil {
		return errs.NotFound("page")
	}
	change(draft.SAML)
	return c.answerAdvanced(ctx, which, c.update(ctx, viewer{principal: p}, found, draft))
}

// changeKeys does something to a key of the path's connection.
func (c *Console) changeKeys(ctx echo.Context, do func(context.Context, *db.TenantTx, id.Connection) error) error {
	r := ctx.Request().Context()
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	return c.answerAdvanced(ctx, which, c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return do(r, tx, which) }))
}
