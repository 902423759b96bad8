package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

type apiKeyOut struct {
	ID         id.Key        `json:"id"`
	Name       string        `json:"name"`
	Role       rbac.Role     `json:"role" doc:"Admin, member, viewer or the id of a custom role"`
	Hint       string        `json:"hint" doc:"The last characters of the key"`
	RateLimit  string        `json:"rate_limit,omitzero" doc:"Of this key alone, beside what the plan says"`
	CreatedBy  id.Membership `json:"created_by,omitzero"`
	CreatedAt  time.Time     `json:"created_at"`
	ExpiresAt  *time.Time    `json:"expires_at,omitzero"`
	LastUsedAt *time.Time    `json:"last_used_at,omitzero"`
	RotatedAt  *time.Time    `json:"rotated_at,omitzero"`
	Previous   *time.Time    `json:"previous_works_until,omitzero" doc:"Until when the secret before the last rotation works"`
}

// newAPIKeyOut is the only answer that holds a secret.
type newAPIKeyOut struct {
	apiKeyOut
	Secret string `json:"api_key" doc:"Shown once"`
}

func apiKeyOf(k tenants.Key) apiKeyOut {
	return apiKeyOut{k.ID, k.Name, k.Role, k.Hint, k.RateLimit, k.CreatedBy, k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RotatedAt, k.PreviousExpiresAt}
}

func (a *API) apiKeys(ctx context.Context, tx *db.TenantTx, in listIn) (page.Page[apiKeyOut], error) {
	return list(a, in, tx, "api-keys", a.APIKeys.List, apiKeyOf, func(k apiKeyOut) id.Key { return k.ID })(ctx)
}

type apiKeyIn struct {
	Key id.Key `path:"key" json:"-"`
}

func (a *API) apiKey(ctx context.Context, tx *db.TenantTx, in apiKeyIn) (apiKeyOut, error) {
	k, err := a.APIKeys.Find(ctx, tx, in.Key)
	return apiKeyOf(k), err
}

type createAPIKeyIn struct {
	Name      string    `json:"name"`
	Role      rbac.Role `json:"role" doc:"Not above the creator's own; admin, member, viewer or the id of a custom role"`
	RateLimit string    `json:"rate_limit,omitzero" doc:"How often this key may be used, such as 60/min or 60/min burst 10; not above the plan's"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Without it the key works until it is revoked"`
}

func (a *API) createAPIKey(ctx context.Context, tx *db.TenantTx, in createAPIKeyIn) (newAPIKeyOut, error) {
	limit, err := a.keyLimit(ctx, in.RateLimit)
	if err != nil {
		return newAPIKeyOut{}, err
	}
	k, cred, err := a.APIKeys.Create(ctx, tx, tenants.NewKey{Name: in.Name, Role: in.Role, RateLimit: limit, ExpiresAt: in.ExpiresAt})
	if err != nil {
		return newAPIKeyOut{}, err
	}
	return newAPIKeyOut{apiKeyOf(k), cred.String()}, nil
}

// keyLimit is a limit that the plan allows. Should the plan change, the key is held to both.
func (a *API) keyLimit(ctx context.Context, text string) (ratelimit.Limit, error) {
	if text == "" {
		return ratelimit.Limit{}, nil
	}
	limit, err := ratelimit.ParseLimit(text)
	if err != nil {
		return ratelimit.Limit{}, errs.InvalidField("rate_limit", "Write it as 600/min or 600/min burst 50: up to 1000000 in a s, min or h.").Because(err)
	}
	if !a.Access.Rates(authn.From(ctx)).Allows(limit) {
		return ratelimit.Limit{}, errs.InvalidField("rate_limit", "This is more than your organization's plan allows.")
	}
	return limit, nil
}

type rotateAPIKeyIn struct {
	Key     id.Key `path:"key" json:"-"`
	Overlap int64  `json:"overlap_seconds,omitzero" doc:"How long the old secret works beside the new one; 0 ends it at once"`
}

func (a *API) rotateAPIKey(ctx context.Context, tx *db.TenantTx, in rotateAPIKeyIn) (newAPIKeyOut, error) {
	overlap := time.Duration(min(max(in.Overlap, -1), 1<<30)) * time.Second // out of range either way, and no overflow
	k, cred, err := a.APIKeys.Rotate(ctx, tx, in.Key, overlap)
	if err != nil {
		return newAPIKeyOut{}, err
	}
	return newAPIKeyOut{apiKeyOf(k), cred.String()}, nil
}

func (a *API) revokeAPIKey(ctx context.Context, tx *db.TenantTx, in apiKeyIn) (web.None, error) {
	return web.None{}, a.APIKeys.Revoke(ctx, tx, in.Key)
}
