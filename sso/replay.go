package sso

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// useOnce remembers something that must not be accepted twice over a connection, for as long as it could be. It belongs into the transaction
// that acts on it: of two at once one waits for the other's end, and then gets false.
func useOnce(ctx context.Context, tx *db.TenantTx, c id.Connection, what string, until time.Time) (bool, error) {
	hash := sha256.Sum256([]byte(what))
	done := tx.DB.WithContext(ctx).Exec(`INSERT INTO used_assertions (tenant_id, connection_id, hash, expires_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, connection_id, hash) DO NOTHING`, tx.Tenant, c, hash[:], until)
	if done.Error != nil {
		return false, fmt.Errorf("remember a used assertion: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

// firstUse refuses an assertion that was used before. An identity that waited for its person's confirmation was used when it came.
func firstUse(ctx context.Context, tx *db.TenantTx, b back) error {
	if b.who.Assertion == "" || b.confirmed {
		return nil
	}
	first, err := useOnce(ctx, tx, b.record.ConnectionID, b.who.Assertion, b.who.AssertionUntil)
	if err != nil {
		return err
	}
	if !first {
		b.attempt.Trail.Fail("replay", "an assertion that was never used", "one that was")
		return Refuse(AssertionReplayed)
	}
	b.attempt.Trail.Pass("replay", "")
	return nil
}

// PruneAssertions forgets used assertions of all tenants that can no longer be valid, an hour late in case a clock jumps back.
func PruneAssertions(ctx context.Context, sys *db.SystemTx) (int64, error) {
	done := sys.DB.WithContext(ctx).Exec("DELETE FROM used_assertions WHERE expires_at < ?", sys.Now.Add(-2*time.Hour))
	if done.Error != nil {
		return 0, fmt.Errorf("prune used assertions: %w", done.Error)
	}
	return done.RowsAffected, nil
}
