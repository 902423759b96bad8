package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// warnOnce says whether a warning is due: the first time it is asked for its key.
func warnOnce(ctx context.Context, tx *db.TenantTx, key string) (bool, error) {
	done := tx.DB.WithContext(ctx).Exec(`INSERT INTO sso_warnings (tenant_id, key, warned_at) VALUES (?, ?, ?)
		ON CONFLICT (tenant_id, key) DO NOTHING`, tx.Tenant, key, tx.Now)
	if done.Error != nil {
		return false, fmt.Errorf("note a warning: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}
