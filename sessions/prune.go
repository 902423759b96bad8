package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// pruneBatch keeps a transaction of Prune short.
const pruneBatch = 1000

const pruneSQL = `DELETE FROM sessions s USING (
  SELECT tenant_id, id FROM sessions
  WHERE LEAST(revoked_at, expires_at, refreshed_at + make_interval(secs => idle_seconds)) < ?
  LIMIT ?) AS old
WHERE s.tenant_id = old.tenant_id AND s.id = old.id`

// Prune deletes sessions of all tenants that ended before a time, with their refresh tokens, and says how many. It deletes at most 1000
// in one call: the job calls it until there are none.
func Prune(ctx context.Context, sys *db.SystemTx, before time.Time) (int64, error) {
	done := sys.DB.WithContext(ctx).Exec(pruneSQL, before, pruneBatch)
	if done.Error != nil {
		return 0, fmt.Errorf("prune sessions: %w", done.Error)
	}
	return done.RowsAffected, nil
}
