package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// invitationPage takes the link of an invitation. Opening it accepts nothing, so that the machines which read mail before people do no harm.
type invitationPage struct{ Problem string }

func (invitationPage) frame() frame {
	return frame{file: "invitation", title: "Accept an invitation", narrow: true, script: "link.js", leaves: true}
}

// invitedPage asks how the invited person wants to prove their address. It shows what was written to that address.
type invitedPage struct {
	Link        string // once more, for the next step
	Tenant      string
	Email, Role string
	Connections []tenantWay
	Google      bool
	ByLink      bool
}

func (p invitedPage) frame() frame {
	return frame{file: "invited", title: "Join " + p.Tenant, narrow: true, leaves: true}
}

// The ways to accept that are no connection of the organization.
const (
	wayGoogle = "google"
	wayLink   = "link"
)

func (c *Console) askInvitation(ctx echo.Context) error {
	return c.render(ctx, http.StatusOK, invitationPage{})
}

func (c *Console) openInvitation(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(form.Get("link"))
	if _, after, pasted := strings.Cut(text, "#"); pasted { // the whole address
		text = after
	}
	credential, err := secret.Parse(secret.PrefixInvitation, text)
	if err != nil {
		return c.render(ctx, http.StatusUnprocessableEntity, invitationPage{Problem: "It is not complete. Copy all of it, to the last character."})
	}
	switch way := form.Get("way"); way {
	case "":
		err = c.welcome(ctx, credential)
	case wayLink:
		err = c.acceptByLink(ctx, credential)
	case wayGoogle:
		err = c.beginInvited(ctx, credential, id.Google)
	default:
		var connection id.Connection
		if connection.UnmarshalText([]byte(way)) != nil || connection == id.Google {
			return errs.NotFound("connection")
		}
		err = c.beginInvited(ctx, credential, connection)
	}
	if errors.Is(err, tenants.ErrInvitationUnusable) {
		return c.render(ctx, http.StatusNotFound, invitationPage{Problem: tenants.ErrInvitationUnusable.Detail})
	}
	return err
}

// welcome goes where the address is proven, or asks how, where there is a choice.
func (c *Console) welcome(ctx echo.Context, cred secret.Credential) error {
	w, err := c.signIn.OpenInvitation(ctx.Request().Context(), cred)
	if err != nil {
		return err
	}
	if len(w.Connections) == 1 && !w.Google {
		return c.beginInvited(ctx, cred, w.Connections[0].ID)
	}
	return c.render(ctx, http.StatusOK, invitedPageOf(w, cred))
}

func invitedPageOf(w sso.Welcome, cred secret.Credential) invitedPage {
	return invitedPage{
		Link: cred.String(), Tenant: w.Tenant, Email: w.Email, Role: w.RoleName, Connections: waysOf(w.Connections), Google: w.Google, ByLink: w.Link,
	}
}

func (c *Console) beginInvited(ctx echo.Context, cred secret.Credential, connection id.Connection) error {
	to, err := c.signIn.BeginInvited(ctx.Request().Context(), cred, connection)
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

func (c *Console) acceptByLink(ctx echo.Context, cred secret.Credential) error {
	result, err := c.signIn.AcceptByLink(ctx.Request().Context(), cred)
	if err != nil {
		return err
	}
	return c.enter(ctx, result)
}
