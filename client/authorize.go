package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Principal is who was let through. Ids have their prefix and are empty where there is none: an API key has no User and no Member.
type Principal struct {
	Tenant, User, Member, Key string
	Role, Plan, Email         string
}

// Authorize asks who sent a request, and whether they may do something; an empty Question asks only who. It reads what the server reads:
// its cookies, Authorization: Bearer and X-API-Key, and refuses what it refuses: two credentials at once, and a page of another site that
// makes a browser send its cookies. A cookie whose token has expired is a *Problem with the code token_expired; [Client.Require] renews it.
//
// The errors are a *Problem, ErrUnavailable, and that of ctx; there is no Principal beside an error.
func (c *Client) Authorize(ctx context.Context, r *http.Request, q Question) (*Principal, error) {
	return c.authorize(ctx, presented(r), q)
}

func (c *Client) authorize(ctx context.Context, header http.Header, q Question) (*Principal, error) {
	const path = "/v1/forward-auth"
	demands := url.Values{}
	if q.Permission != "" {
		demands.Set("permission", q.Permission)
	}
	if q.Feature != "" {
		demands.Set("feature", q.Feature)
	}
	a, err := c.send(ctx, http.MethodGet, path+"?"+demands.Encode(), header, nil)
	if err != nil {
		return nil, err
	}
	p := principalOf(a.header)
	// Something else may stand at the address and answer everything with 200.
	if p.Tenant == "" || p.Role == "" || (p.Member == "") == (p.Key == "") {
		return nil, unavailable("ask "+path, errors.New("the answer names nobody"))
	}
	return p, nil
}

func principalOf(h http.Header) *Principal {
	of := func(name string) string { return h.Get("X-Gatehouse-" + name) }
	return &Principal{
		Tenant: of("Tenant"), User: of("User"), Member: of("Member"), Key: of("Key"), Role: of("Role"), Plan: of("Plan"), Email: of("Email"),
	}
}

type principalKey struct{}

// PrincipalFrom returns who was let through to a handler behind [Client.Require]; nil elsewhere.
func PrincipalFrom(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
