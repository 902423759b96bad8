package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type meOut struct {
	Kind       authn.Kind    `json:"kind" enum:"member,api_key"`
	Tenant     tenantRef     `json:"tenant"`
	User       id.User       `json:"user_id,omitzero"`
	Membership id.Membership `json:"membership_id,omitzero"`
	Key        id.Key        `json:"api_key_id,omitzero"`
	Name       string        `json:"name"`
	Email      string        `json:"email,omitzero"`
	Role       string        `json:"role"`
	Plan       string        `json:"plan"`
	Session    *sessionRef   `json:"session,omitzero"`
}

type tenantRef struct {
	ID   id.Tenant `json:"id"`
	Slug string    `json:"slug"`
	Name string    `json:"name"`
}

type sessionRef struct {
	ID         id.Session    `json:"id"`
	Method     string        `json:"method" enum:"oidc,google,link" doc:"How the person signed in"`
	Connection id.Connection `json:"connection_id,omitzero"`
	AuthTime   time.Time     `json:"auth_time" doc:"When the person last proved who they are"`
	AMR        []string      `json:"amr,omitzero"`
	ActingFor  id.User       `json:"acting_for,omitzero"`
}

func (a *API) me(ctx context.Context, _ web.None) (meOut, error) {
	p := authn.From(ctx)
	t, err := a.Access.Tenant(ctx, p.Tenant)
	if err != nil {
		return meOut{}, err
	}
	out := meOut{
		Kind: p.Kind, Tenant: tenantRef{t.ID, t.Slug, t.Name}, User: p.User, Membership: p.Membership, Key: p.Key, Name: p.Name, Email: p.Email,
		Role: p.Role, Plan: p.Plan,
	}
	if p.Kind == authn.Member {
		out.Session = &sessionRef{p.Session, p.Method, p.Connection, p.AuthTime, p.AMR, p.ActingFor}
	}
	return out, nil
}

// leave ends the caller's own membership, and with it all that stands on it.
func (a *API) leave(ctx context.Context, tx *db.TenantTx, _ web.None) (web.None, error) {
	p := authn.From(ctx)
	if err := tenants.Leave(ctx, tx, p.Membership); err != nil {
		return web.None{}, err
	}
	_, err := sessions.RevokeAll(ctx, tx, p.Membership, id.Session{}, sessions.ReasonSignedOut)
	return web.None{}, err
}
