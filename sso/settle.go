package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// ending is what the row of an attempt keeps of how it ended.
type ending struct {
	outcome Outcome
	reason  Reason
	stage   Stage
	trail   *Trail
	who     Identity           // that was proven; the zero one if none was
	member  tenants.Membership // who was let in
}

const settleSQL = `UPDATE attempts SET outcome = ?, reason = ?, stage = ?, expected = ?, got = ?, checks = ?::jsonb, subject = ?, email = ?,
  membership_id = ?::uuid, user_id = COALESCE(user_id, ?::uuid), held = NULL, finished_at = ?
  WHERE tenant_id = ? AND id = ? AND outcome = 'pending'`

// settle writes how an attempt ended, once.
func settle(ctx context.Context, g *gorm.DB, now time.Time, tenant id.Tenant, a id.Attempt, e ending) error {
	checks, err := e.trail.encoded()
	if err != nil {
		return fmt.Errorf("encode the checks of attempt %s: %w", a, err)
	}
	failed := e.trail.Failed()
	err = g.WithContext(ctx).Exec(settleSQL, e.outcome, e.reason, e.stage, failed.Expected, failed.Got, checks, shown(e.who.Subject),
		shown(cutEmail(e.who.Email)), e.member.ID, e.member.UserID, now, tenant, a).Error
	if err != nil {
		return fmt.Errorf("settle attempt %s: %w", a, err)
	}
	return nil
}

// encoded is the checks as the column holds them: NULL for none.
func (t *Trail) encoded() (any, error) {
	if t == nil || len(t.Checks) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(t.Checks)
	return string(text), err
}
