package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

type setupLinkOut struct {
	ID         id.SetupLink        `json:"id"`
	Email      string              `json:"email,omitzero" doc:"Where it was sent"`
	Connection id.Connection       `json:"connection_id,omitzero" doc:"The one that it is for, or that was made with it"`
	Status     sso.SetupLinkStatus `json:"status" enum:"pending,opened,expired,revoked"`
	CreatedBy  id.Membership       `json:"created_by,omitzero" doc:"Without them, or without their right to make it, the link opens nothing"`
	CreatedAt  time.Time           `json:"created_at"`
	ExpiresAt  time.Time           `json:"expires_at" doc:"Until then it can be opened, once"`
	OpenedAt   *time.Time          `json:"opened_at,omitzero"`
	EndsAt     *time.Time          `json:"ends_at,omitzero" doc:"Until when whoever opened it can work"`
	UsedAt     *time.Time          `json:"used_at,omitzero" doc:"When something was configured with it first"`
	RevokedAt  *time.Time          `json:"revoked_at,omitzero"`
}

// newSetupLinkOut is the only answer that holds a link.
type newSetupLinkOut struct {
	setupLinkOut
	URL string `json:"url" doc:"Shown once. Whoever has it can set up one connection"`
}

func setupLinkOf(l sso.SetupLink, now time.Time) setupLinkOut {
	return setupLinkOut{
		l.ID, l.Email, l.ConnectionID, l.Status(now), l.CreatedBy, l.CreatedAt, l.ExpiresAt, l.OpenedAt, l.SessionExpiresAt, l.UsedAt, l.RevokedAt,
	}
}

func (a *API) setupLinks(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[setupLinkOut], error) {
	wire := func(l sso.SetupLink) setupLinkOut { return setupLinkOf(l, tx.Now) }
	return list(a, in, tx, "setup-links", sso.SetupLinks, wire, func(l setupLinkOut) id.SetupLink { return l.ID })(ctx)
}

type createSetupLinkIn struct {
	Email      string        `json:"email,omitzero" doc:"Where to send the link; without it, hand over the address of the answer"`
	Connection id.Connection `json:"connection_id,omitzero" doc:"The connection to set up, for which an owner must ask; without it a new one"`
	ExpiresAt  time.Time     `json:"expires_at,omitzero" doc:"At most 30 days ahead; default a week"`
}

func (a *API) createSetupLink(ctx context.Context, tx *db.TenantTx, in createSetupLinkIn) (newSetupLinkOut, error) {
	l, address, err := a.SignIn.CreateSetupLink(ctx, tx, sso.NewSetupLink{Email: in.Email, Connection: in.Connection, ExpiresAt: in.ExpiresAt})
	if err != nil {
		return newSetupLinkOut{}, err
	}
	return newSetupLinkOut{setupLinkOf(l, tx.Now), address}, nil
}

type setupLinkIn struct {
	Link id.SetupLink `path:"link" json:"-"`
}

func (a *API) revokeSetupLink(ctx context.Context, tx *db.TenantTx, in setupLinkIn) (web.None, error) {
	return web.None{}, sso.RevokeSetupLink(ctx, tx, in.Link)
}
