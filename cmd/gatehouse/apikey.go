package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func apikeyCommand() *cobra.Command {
	return group("apikey", "Create, list and revoke the API keys of a tenant", apikeyCreate(), apikeyList(), apikeyRevoke())
}

type keyLine struct {
	ID         string     `json:"api_key_id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	RateLimit  string     `json:"rate_limit,omitempty"`
	Hint       string     `json:"hint"`
	Secret     string     `json:"api_key,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func keyLineOf(k tenants.Key) keyLine {
	return keyLine{ID: k.ID.String(), Name: k.Name, Role: string(k.Role), RateLimit: k.RateLimit, Hint: k.Hint, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt}
}

func apikeyCreate() *cobra.Command {
	var slug, role, name, limit string
	var life time.Duration
	c := &cobra.Command{
		Use: "create --tenant SLUG --role ROLE", Short: "Create an API key and print it; it is shown once", Args: nothing,
		Example: "  key=$(gatehouse apikey create --tenant acme --role admin)\n" +
			`  curl -H "X-API-Key: $key" https://login.example.com/v1/members`,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&role, "role", "member", "admin, member or viewer")
	c.Flags().StringVar(&name, "name", "command line", "a name to recognize it by")
	c.Flags().DurationVar(&life, "expires-in", 0, "how long it works, for example 720h (default: until revoked)")
	c.Flags().StringVar(&limit, "rate-limit", "", "how often it may be used, for example \"60/min burst 10\" (default: as the plan says)")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		rate, err := t.keyLimit(ctx, slug, limit)
		if err != nil {
			return err
		}
		var line keyLine
		err = t.within(ctx, slug, func(tx *db.TenantTx) error {
			in := tenants.NewKey{Name: name, Role: rbac.Role(role), RateLimit: rate}
			if life != 0 {
				in.ExpiresAt = tx.Now.Add(life)
			}
			k, cred, err := t.keys().Create(ctx, tx, in)
			line = keyLineOf(k)
			line.Secret = cred.String()
			return err
		})
		if err != nil {
			return fmt.Errorf("create API key: %w", err)
		}
		return show(c, line, func() error { return say(c, "%s", line.Secret) })
	}
	return printing(data(c))
}

// keyLimit is a limit that the tenant's version of its plan allows.
func (t *target) keyLimit(ctx context.Context, slug, text string) (ratelimit.Limit, error) {
	if text == "" {
		return ratelimit.Limit{}, nil
	}
	limit, err := ratelimit.ParseLimit(text)
	if err != nil {
		return limit, fmt.Errorf("--rate-limit %q: %w", text, err)
	}
	inForce, err := t.catalog(ctx)
	if err != nil {
		return limit, err
	}
	return limit, t.within(ctx, slug, func(tx *db.TenantTx) error {
		sold, err := tenants.Entitled(ctx, tx)
		if err != nil {
			return err
		}
		if !inForce.RatesFor(&sold, tx.Now).Allows(limit) {
			return fmt.Errorf("--rate-limit %q is more than the plan %s allows", text, sold.At(tx.Now).Plan)
		}
		return nil
	})
}

func apikeyList() *cobra.Command {
	return lister[tenants.Key, keyLine]{
		short: "List the API keys of a tenant", heading: []string{"ID", "NAME", "ROLE", "ENDS IN"}, line: keyLineOf,
		rows: func(ctx context.Context, t *target, tx *db.TenantTx) ([]tenants.Key, error) {
			return all(func(after id.Key, n int) ([]tenants.Key, error) { return t.keys().List(ctx, tx, after, n) },
				func(k tenants.Key) id.Key { return k.ID })
		},
		columns: func(l keyLine) []string { return []string{l.ID, l.Name, l.Role, "…" + l.Hint} },
	}.command()
}

func apikeyRevoke() *cobra.Command {
	var slug string
	c := &cobra.Command{Use: "revoke KEY --tenant SLUG", Short: "End an API key (key_…) at once", Args: one}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		var key id.Key
		if err := key.UnmarshalText([]byte(args[0])); err != nil {
			return fmt.Errorf("API key id %q: %w", args[0], err)
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		if err := t.within(ctx, slug, func(tx *db.TenantTx) error { return t.keys().Revoke(ctx, tx, key) }); err != nil {
			return err
		}
		return show(c, map[string]string{"api_key_id": key.String(), "status": "revoked"}, func() error { return say(c, "%s is revoked", key) })
	}
	return printing(data(c))
}
