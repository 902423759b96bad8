package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
)

// tokensOut hands tokens to clients that keep them themselves. A browser gets them as cookies, where no script can read them.
type tokensOut struct {
	Session        id.Session `json:"session_id"`
	Tenant         id.Tenant  `json:"tenant_id"`
	TokenType      string     `json:"token_type,omitzero" doc:"Bearer"`
	Access         string     `json:"access_token,omitzero"`
	AccessExpires  time.Time  `json:"access_expires_at"`
	Refresh        string     `json:"refresh_token,omitzero"`
	RefreshExpires time.Time  `json:"refresh_expires_at"`
}

func tokensOf(i sessions.Issued) tokensOut {
	return tokensOut{i.Session, i.Tenant, "Bearer", i.Access, i.AccessExpires, i.Refresh, i.RefreshExpires}
}

// handOver gives new tokens in the way that the caller presented the old ones.
func handOver(ctx context.Context, i sessions.Issued) tokensOut {
	out := tokensOf(i)
	if web.UsesCookies(ctx) {
		web.GiveSession(ctx, i)
		out.TokenType, out.Access, out.Refresh = "", "", ""
	}
	return out
}

type refreshIn struct {
	Refresh secret.Text `json:"refresh_token"`
}

func (a *API) refresh(ctx context.Context, in refreshIn) (tokensOut, error) {
	cred, err := secret.Parse(secret.PrefixRefresh, in.Refresh.Reveal())
	tenant := id.From[id.Tenant](cred.Tenant)
	if err != nil || tenant.IsZero() {
		return tokensOut{}, sessions.ErrSession.Because(err)
	}
	var issued sessions.Issued
	err = a.DB.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		issued, err = a.Sessions.Refresh(ctx, tx, cred)
		return err
	})
	if err != nil {
		return tokensOut{}, err
	}
	return tokensOf(issued), nil
}

// signOut ends the session that asks.
func (a *API) signOut(ctx context.Context, tx *db.TenantTx, _ web.None) (web.None, error) {
	p := authn.From(ctx)
	if err := sessions.Revoke(ctx, tx, p.Session, p.Membership, sessions.ReasonSignedOut); err != nil {
		return web.None{}, err
	}
	web.DropSession(ctx)
	return web.None{}, nil
}

type switchIn struct {
	Tenant id.Tenant `json:"tenant_id"`
}

// switchTenant makes a session in another tenant, if the way in which the person came in is good enough there.
func (a *API) switchTenant(ctx context.Context, in switchIn) (tokensOut, error) {
	issued, err := a.SignIn.Switch(ctx, authn.From(ctx), in.Tenant)
	if err != nil {
		return tokensOut{}, err
	}
	return handOver(ctx, issued), nil
}

type placeOut struct {
	tenantRef
	Role    string `json:"role"`
	Plan    string `json:"plan"`
	Current bool   `json:"current" doc:"Whether this session is in it"`
	Open    bool   `json:"open" doc:"Whether this session may switch there at once; else its own sign-in has to be gone through"`
}

type placesOut struct {
	Items []placeOut `json:"items"`
}

// places lists where the caller may go. A session that a tenant's own provider made sees that tenant alone.
func (a *API) places(ctx context.Context, _ web.None) (placesOut, error) {
	p := authn.From(ctx)
	list, err := a.SignIn.Places(ctx, p)
	out := placesOut{Items: make([]placeOut, 0, len(list))}
	for _, at := range list {
		out.Items = append(out.Items, placeOut{
			tenantRef: tenantRef{at.Tenant.ID, at.Tenant.Slug, at.Tenant.Name}, Role: string(at.Membership.Role), Plan: string(at.Tenant.Plan),
			Current: at.Tenant.ID == p.Tenant, Open: at.Policy.Allows(p.Method, at.Membership.Role),
		})
	}
	return out, err
}

type identityOut struct {
	ID         id.Identity   `json:"id"`
	Connection id.Connection `json:"connection_id"`
	Issuer     string        `json:"issuer"`
	Email      string        `json:"email,omitzero" doc:"As the provider last said it"`
	CreatedAt  time.Time     `json:"created_at"`
	LastUsedAt *time.Time    `json:"last_used_at,omitzero"`
}

type identitiesOut struct {
	Items []identityOut `json:"items"`
}

func (a *API) identities(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, _ web.None) (identitiesOut, error) {
	rows, err := sso.Identities(ctx, sys, tx, authn.From(ctx))
	out := identitiesOut{Items: make([]identityOut, 0, len(rows))}
	for _, i := range rows {
		out.Items = append(out.Items, identityOut{i.ID, i.ConnectionID, i.Issuer, i.Email, i.CreatedAt, i.LastUsedAt})
	}
	return out, err
}

type identityIn struct {
	Identity id.Identity `path:"identity" json:"-"`
}

func (a *API) unlinkIdentity(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, in identityIn) (web.None, error) {
	return web.None{}, sso.Unlink(ctx, sys, tx, authn.From(ctx), in.Identity)
}
