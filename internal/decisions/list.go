package decisions

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Filter narrows a list; zero fields do not.
type Filter struct {
	Member       id.Membership
	Permission   string
	Allowed      *bool
	Since, Until time.Time // from the one, up to but not at the other
}

// List returns at most limit decisions, newest first, older than before (zero: from the newest).
func List(ctx context.Context, tx *db.TenantTx, f Filter, before id.Decision, limit int) ([]Decision, error) {
	q := db.Of[Decision](tx.DB).Order("id DESC").Limit(limit)
	if !before.IsZero() {
		q = q.Where("id < ?", before)
	}
	if !f.Member.IsZero() {
		q = q.Where("member_id = ?", f.Member)
	}
	if f.Permission != "" {
		q = q.Where("permission = ?", f.Permission)
	}
	if f.Allowed != nil {
		q = q.Where("allowed = ?", *f.Allowed)
	}
	if !f.Since.IsZero() {
		q = q.Where("at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		q = q.Where("at < ?", f.Until)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	return list, nil
}

// Find returns one decision. One that is not in the log, or not yet, is errs.NotFound.
func Find(ctx context.Context, tx *db.TenantTx, decision id.Decision) (Decision, error) {
	list, err := db.Of[Decision](tx.DB).Where("id = ?", decision).Limit(1).Find(ctx)
	if err != nil {
		return Decision{}, fmt.Errorf("find decision %s: %w", decision, err)
	}
	if len(list) == 0 {
		return Decision{}, errs.NotFound("decision")
	}
	return list[0], nil
}

// keep is how long a decision can be asked about.
const keep = 7 * 24 * time.Hour

// Prune deletes decisions that are older than seven days, some at a time, and says how many those were.
func Prune(ctx context.Context, sys *db.SystemTx) (int64, error) {
	const some = 10_000
	done := sys.DB.WithContext(ctx).Exec(`DELETE FROM decisions WHERE (tenant_id, id) IN
		(SELECT tenant_id, id FROM decisions WHERE at < ? ORDER BY at LIMIT ?)`, sys.Now.Add(-keep), some)
	if done.Error != nil {
		return 0, fmt.Errorf("prune decisions: %w", done.Error)
	}
	return done.RowsAffected, nil
}
