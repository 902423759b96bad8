package apitest

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Prove lets an owner and a member have signed in through the connection that a path names.
func (t *Tenant) Prove(tb testing.TB, path string) {
	tb.Helper()
	var c id.Connection
	if err := c.UnmarshalText([]byte(strings.Split(path, "/")[3])); err != nil {
		tb.Fatalf("the path %s names no connection: %v", path, err)
	}
	for _, role := range []rbac.Role{rbac.Owner, rbac.Member} {
		m := t.Join(tb, role)
		t.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
			a := id.New[id.Attempt]()
			return tx.DB.WithContext(ctx).Exec(`INSERT INTO attempts (id, connection_id, purpose, stage, outcome, state_hash, browser_hash, address,
				membership_id, user_id, created_at, expires_at) VALUES (?, ?, 'sign_in', 'finished', 'succeeded', ?, '', '', ?, ?, ?, ?)`,
				a, c, []byte(a.String()), m.ID, m.UserID, tx.Now, tx.Now).Error
		})
	}
}
