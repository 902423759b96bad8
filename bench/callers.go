package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Who asks: so many tenants, members of each, and sessions of each member. There are as many API keys as sessions.
const (
	customers = 20
	staff     = 25
	devices   = 20
	callers   = customers * staff * devices
)

// people are the credentials of the callers, as header lines.
type people struct{ bearers, keys, refreshes []string }

// populate makes the callers with the server's own secrets and functions.
func (w *world) populate(ctx context.Context) (people, error) {
	var all people
	d, err := db.Open(ctx, db.Config{URL: w.database, MaxConns: 4})
	if err != nil {
		return all, err
	}
	defer d.Close()
	ring, err := secret.ParseKeyring(w.master)
	if err != nil {
		return all, err
	}
	raw, err := secret.ParseKey(w.root)
	if err != nil {
		return all, err
	}
	root := secret.Root(raw)
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: d, Keyring: ring})
	if err != nil {
		return all, err
	}
	ctx = authn.AsOperator(ctx)
	if err := keys.Ensure(ctx); err != nil {
		return all, err
	}
	s, err := sessions.New(sessions.Config{Keys: keys, Root: root, Issuer: w.url})
	if err != nil {
		return all, err
	}
	each := make([]people, customers)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for n := range each {
		group.Go(func() error {
			return d.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
				c := customer{sys, tx, s, tenants.Keys{Pepper: root.Derive("api keys")}}
				each[n], err = c.populate(ctx, fmt.Sprintf("bench-%d", n))
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return all, err
	}
	for _, p := range each {
		all.bearers, all.keys, all.refreshes = append(all.bearers, p.bearers...), append(all.keys, p.keys...), append(all.refreshes, p.refreshes...)
	}
	return all, nil
}

// customer is one tenant in the making.
type customer struct {
	sys      *db.SystemTx
	tx       *db.TenantTx
	sessions *sessions.Sessions
	keys     tenants.Keys
}

func (c customer) populate(ctx context.Context, slug string) (people, error) {
	var p people
	t, _, err := tenants.Create(ctx, c.sys, c.tx, tenants.New{Slug: slug, Name: "Acme", Plan: billing.Enterprise, Owner: "owner@bench.example"})
	if err != nil {
		return p, err
	}
	_, policy, err := tenants.Current(ctx, c.tx)
	if err != nil {
		return p, err
	}
	for n := range staff {
		user, err := tenants.NewUser(ctx, c.sys)
		if err != nil {
			return p, err
		}
		profile := tenants.Profile{Email: fmt.Sprintf("mia.%d@bench.example", n), Name: "Mia"}
		m, err := tenants.Join(ctx, c.tx, user, rbac.Member, profile, tenants.SourceOperator)
		if err != nil {
			return p, err
		}
		for range devices {
			issued, err := c.sessions.Start(ctx, c.tx, sessions.Start{Tenant: t, Policy: policy, Membership: m, Method: "link", AuthTime: c.tx.Now})
			if err != nil {
				return p, err
			}
			_, key, err := c.keys.Create(ctx, c.tx, tenants.NewKey{Name: "bench", Role: rbac.Member})
			if err != nil {
				return p, err
			}
			p.bearers = append(p.bearers, "Authorization: Bearer "+issued.Access)
			p.refreshes = append(p.refreshes, issued.Refresh)
			p.keys = append(p.keys, "X-API-Key: "+key.String())
		}
	}
	return p, nil
}
