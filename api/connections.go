package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

type connectionOut struct {
	ID           id.Connection    `json:"id"`
	Protocol     string           `json:"protocol" enum:"oidc,saml"`
	Name         string           `json:"name"`
	Status       sso.Status       `json:"status" enum:"draft,testing,optional,required,disabled" doc:"One in testing lets its testers in, an optional or required one everybody"`
	Preset       string           `json:"preset,omitzero" doc:"The guide that the connection was set up by"`
	Issuer       string           `json:"issuer" doc:"Of SAML, the provider's entity ID"`
	ClientID     string           `json:"client_id,omitzero"`
	SecretSet    bool             `json:"client_secret_set"`
	SecretHint   string           `json:"client_secret_hint,omitzero" doc:"Tells two secrets apart and nothing else"`
	RedirectURI  string           `json:"redirect_uri" doc:"To be registered at the provider; of SAML, the assertion consumer service"`
	Endpoints    *endpointsOut    `json:"endpoints,omitzero"`
	SAML         *samlOut         `json:"saml,omitzero"`
	Claims       sso.ClaimMapping `json:"claims"`
	GroupRoles   []sso.GroupRole  `json:"group_roles,omitzero" doc:"The first whose group the provider names gives the role"`
	Testers      []string         `json:"testers,omitzero" doc:"Addresses of who may sign in while the connection is in testing"`
	JIT          bool             `json:"jit" doc:"People of verified domains join at their first sign-in"`
	DefaultRole  rbac.Role        `json:"default_role" doc:"Of people who join through it; admin, member, viewer or the id of a custom role"`
	CreatedAt    time.Time        `json:"created_at"`
	UpdatedAt    time.Time        `json:"updated_at"`
	TestedAt     *time.Time       `json:"tested_at,omitzero"`
	WatchedUntil *time.Time       `json:"watched_until,omitzero" doc:"Until then the last change that could lock people out takes itself back if it does"`
	FrozenAt     *time.Time       `json:"identities_frozen_at,omitzero" doc:"Identities of before wait for an owner's approval, since the provider changed"`
}

// endpointsOut shows what was discovered when the connection was saved. It is frozen until an administrator accepts a change.
type endpointsOut struct {
	Authorization string   `json:"authorization"`
	Token         string   `json:"token"`
	UserInfo      string   `json:"userinfo,omitzero"`
	JWKS          string   `json:"jwks"`
	Algorithms    []string `json:"algorithms"`
}

func (a *API) connectionOf(c keyed) connectionOut {
	out := connectionOut{
		ID: c.ID, Protocol: c.Protocol, Name: c.Name, Status: c.Status, Preset: c.Preset, Issuer: c.Issuer, ClientID: c.ClientID,
		SecretSet: c.SecretSet(), SecretHint: c.SecretHint, RedirectURI: a.SignIn.CallbackURL(c.Connection), Claims: c.Claims, GroupRoles: c.GroupRoles,
		Testers: c.Testers, JIT: c.JIT, DefaultRole: c.DefaultRole, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, TestedAt: c.TestedAt,
		WatchedUntil: c.WatchedUntil, FrozenAt: c.FrozenAt,
	}
	if c.SAML != nil {
		out.SAML = a.samlOf(c)
	} else {
		e := endpointsOf(c.Endpoints)
		out.Endpoints = &e
	}
	return out
}

func endpointsOf(e sso.Endpoints) endpointsOut {
	return endpointsOut{e.Authorization, e.Token, e.UserInfo, e.Keys, e.Algorithms}
}

func (a *API) connections(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[connectionOut], error) {
	return list(a, in, tx, "connections", keyedConnections, a.connectionOf, func(c connectionOut) id.Connection { return c.ID })(ctx)
}

type connectionIn struct {
	Connection id.Connection `path:"connection" json:"-"`
}

func (a *API) connection(ctx context.Context, tx *db.TenantTx, in connectionIn) (connectionOut, error) {
	c, err := sso.ConnectionByID(ctx, tx, in.Connection)
	return a.shown(ctx, tx, c, err)
}

type createConnectionIn struct {
	Protocol     string           `json:"protocol,omitzero" enum:"oidc,saml" doc:"Default oidc"`
	Name         string           `json:"name"`
	Preset       string           `json:"preset,omitzero"`
	Issuer       string           `json:"issuer,omitzero" doc:"The OpenID Provider's issuer, where its discovery document is"`
	ClientID     string           `json:"client_id,omitzero"`
	ClientSecret secret.Text      `json:"client_secret,omitzero" doc:"Never shown again"`
	PublicClient bool             `json:"public_client,omitzero" doc:"The provider knows this client without a secret"`
	SAML         *samlIn          `json:"saml,omitzero"`
	Claims       sso.ClaimMapping `json:"claims,omitzero"`
	GroupRoles   []sso.GroupRole  `json:"group_roles,omitzero"`
	Testers      []string         `json:"testers,omitzero"`
	JIT          *bool            `json:"jit,omitzero" doc:"Default true"`
	DefaultRole  rbac.Role        `json:"default_role,omitzero" doc:"Default member; admin, member, viewer or the id of a custom role"`
}

func (a *API) prepareConnection(ctx context.Context, in createConnectionIn) (sso.Prepared, error) {
	d := sso.Draft{
		Protocol: in.Protocol, Name: in.Name, Preset: in.Preset, Issuer: in.Issuer, ClientID: in.ClientID, ClientSecret: in.ClientSecret,
		PublicClient: in.PublicClient, Claims: in.Claims, GroupRoles: in.GroupRoles, Testers: in.Testers, JIT: in.JIT == nil || *in.JIT,
		DefaultRole: in.DefaultRole,
	}
	if in.SAML != nil {
		d.SAML = &sso.SAMLDraft{}
		in.SAML.onto(d.SAML)
	}
	return a.SignIn.Prepare(ctx, d)
}

func (a *API) createConnection(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, _ createConnectionIn, p sso.Prepared) (connectionOut, error) {
	c, err := a.SignIn.Create(ctx, sys, tx, p)
	return a.shown(ctx, tx, c, err)
}

type updateConnectionIn struct {
	Connection      id.Connection     `path:"connection" json:"-"`
	Name            *string           `json:"name,omitzero"`
	Preset          *string           `json:"preset,omitzero"`
	Issuer          *string           `json:"issuer,omitzero" doc:"Another issuer makes the connection a draft and drops its secret"`
	ClientID        *string           `json:"client_id,omitzero"`
	ClientSecret    secret.Text       `json:"client_secret,omitzero"`
	PublicClient    bool              `json:"public_client,omitzero"`
	SAML            *samlIn           `json:"saml,omitzero" doc:"What is left out stays as it is"`
	Claims          *sso.ClaimMapping `json:"claims,omitzero"`
	GroupRoles      *[]sso.GroupRole  `json:"group_roles,omitzero"`
	Testers         *[]string         `json:"testers,omitzero"`
	JIT             *bool             `json:"jit,omitzero"`
	DefaultRole     *rbac.Role        `json:"default_role,omitzero" doc:"Admin, member, viewer or the id of a custom role"`
	AcceptEndpoints bool              `json:"accept_endpoints,omitzero" doc:"Take over endpoints that the provider has changed"`
}

// prepareUpdate lays the change over what is stored and asks the provider about the result.
func (a *API) prepareUpdate(ctx context.Context, in updateConnectionIn) (sso.Prepared, error) {
	d, err := a.draftOf(ctx, in.Connection)
	if err != nil {
		return sso.Prepared{}, err
	}
	put(&d.Name, in.Name)
	put(&d.Preset, in.Preset)
	put(&d.Issuer, in.Issuer)
	put(&d.ClientID, in.ClientID)
	put(&d.Claims, in.Claims)
	put(&d.GroupRoles, in.GroupRoles)
	put(&d.Testers, in.Testers)
	put(&d.JIT, in.JIT)
	put(&d.DefaultRole, in.DefaultRole)
	if d.SAML != nil && in.SAML != nil {
		in.SAML.onto(d.SAML)
	}
	d.ClientSecret, d.AcceptEndpoints = in.ClientSecret, in.AcceptEndpoints
	d.PublicClient = d.PublicClient || in.PublicClient
	if !in.ClientSecret.IsZero() {
		d.PublicClient = in.PublicClient
	}
	return a.SignIn.Prepare(ctx, d)
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (a *API) updateConnection(ctx context.Context, tx *db.TenantTx, in updateConnectionIn, p sso.Prepared) (connectionOut, error) {
	c, err := a.SignIn.Update(ctx, tx, in.Connection, p)
	return a.shown(ctx, tx, c, err)
}

// draftOf reads a connection as it would be typed. The prepare step runs outside of a transaction, so it opens its own short one.
func (a *API) draftOf(ctx context.Context, which id.Connection) (d sso.Draft, err error) {
	err = a.DB.Tenant(ctx, authn.From(ctx).Tenant, func(tx *db.TenantTx) error {
		c, err := sso.ConnectionByID(ctx, tx, which)
		d = c.Draft()
		return err
	})
	return d, err
}

// move makes the handler that takes a connection to a state.
func (a *API) move(to sso.Status) func(context.Context, *db.TenantTx, connectionIn) (connectionOut, error) {
	return func(ctx context.Context, tx *db.TenantTx, in connectionIn) (connectionOut, error) {
		c, err := a.SignIn.Move(ctx, tx, in.Connection, to)
		return a.shown(ctx, tx, c, err)
	}
}

func (a *API) approveIdentities(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, in connectionIn) (connectionOut, error) {
	c, err := a.SignIn.ApproveIdentities(ctx, sys, tx, in.Connection)
	return a.shown(ctx, tx, c, err)
}

func (a *API) deleteConnection(ctx context.Context, tx *db.TenantTx, in connectionIn) (web.None, error) {
	return web.None{}, a.SignIn.Delete(ctx, tx, in.Connection)
}
