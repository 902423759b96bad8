package migrations

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed roles/roles.sql
var rolesSQL string

// CreateRoles makes the cluster's roles and gives gatehouse_owner the public schema. It may be repeated, also by several at once. With
// a password, gatehouse_owner and gatehouse_app may log in with it; with "" they keep what they have.
func CreateRoles(ctx context.Context, adminURL, password string) error {
	c, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to create roles: %w", err)
	}
	defer c.Close(ctx)
	tx, err := c.Begin(ctx)
	if err != nil {
		return fmt.Errorf("create roles: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after Commit it has nothing to do
	// Roles belong to the whole cluster: two databases set up at once must take turns.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(7168011, 1)"); err != nil {
		return fmt.Errorf("create roles: %w", err)
	}
	if _, err := tx.Exec(ctx, rolesSQL); err != nil {
		return fmt.Errorf("create roles: %w", err)
	}
	if password != "" {
		for _, role := range []string{"gatehouse_owner", "gatehouse_app"} {
			q := "ALTER ROLE " + role + " LOGIN PASSWORD '" + strings.ReplaceAll(password, "'", "''") + "'"
			if _, err := tx.Exec(ctx, q); err != nil {
				return fmt.Errorf("set the password of %s: %w", role, err)
			}
		}
	}
	return tx.Commit(ctx)
}
