package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
)

// PlanMove is a dated change of a tenant's plan.
type PlanMove struct {
	ID          id.PlanMove `gorm:"primaryKey"`
	Plan        billing.Plan
	PlanVersion int64
	MovesAt     time.Time
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	SettledAt   *time.Time
	CanceledAt  *time.Time
}

// TableName implements GORM's Tabler.
func (PlanMove) TableName() string { return "plan_moves" }

// Pin is the version of the plan that the tenant moves to.
func (m PlanMove) Pin() billing.Pin { return billing.Pin{Plan: m.Plan, Version: m.PlanVersion} }

// Open reports whether the move is still to be settled.
func (m PlanMove) Open() bool { return m.SettledAt == nil && m.CanceledAt == nil }

// ErrMovePending refuses a second dated move: which of two would win, nobody could see.
var ErrMovePending = errs.New(errs.Conflict, "plan_move_pending", "A change of the plan is dated already. Cancel it first.")

// SetPlan moves the tenant to the newest version of a plan, now.
func SetPlan(ctx context.Context, tx *db.TenantTx, plan billing.Plan) (Tenant, error) {
	return MovePlan(ctx, tx, billing.Pin{Plan: plan})
}

// FindPlan returns a version of a plan that there is; version 0 stands for the newest.
func FindPlan(ctx context.Context, tx *db.TenantTx, pin billing.Pin) (billing.Pin, error) {
	if pin.Plan.Rank() == 0 {
		return billing.Pin{}, errUnknownPlan
	}
	var found []int64
	err := tx.DB.WithContext(ctx).Raw("SELECT version FROM plan_versions WHERE plan = ? AND CAST(? AS bigint) IN (0, version) ORDER BY version DESC LIMIT 1",
		pin.Plan, pin.Version).Scan(&found).Error
	switch {
	case err != nil:
		return billing.Pin{}, fmt.Errorf("find plan version %s: %w", pin, err)
	case len(found) > 0:
		return billing.Pin{Plan: pin.Plan, Version: found[0]}, nil
	case pin.Version == 0: // no catalog has been applied yet: the first will say what version 1 is
		return billing.Pin{Plan: pin.Plan, Version: 1}, nil
	}
	return billing.Pin{}, errs.InvalidField("version", "The plan has no such version.")
}

// MovePlan moves the tenant to a version of a plan, now. A dated move whose moment has come is settled before; one to come stays.
func MovePlan(ctx context.Context, tx *db.TenantTx, to billing.Pin) (Tenant, error) {
	to, err := FindPlan(ctx, tx, to)
	if err != nil {
		return Tenant{}, err
	}
	t, err := current(ctx, tx, locked)
	if err != nil {
		return t, err
	}
	if _, err := settle(ctx, tx, &t); err != nil {
		return t, err
	}
	return t, t.moveTo(ctx, tx, to)
}

// moveTo writes the plan into the locked row. What changes nothing is no event.
func (t *Tenant) moveTo(ctx context.Context, tx *db.TenantTx, to billing.Pin) error {
	from := billing.Pin{Plan: t.Plan, Version: t.PlanVersion}
	if from == to {
		return nil
	}
	t.Plan, t.PlanVersion = to.Plan, to.Version
	return change(ctx, tx, t, map[string]any{"plan": to.Plan, "plan_version": to.Version}, events.PlanChanged, events.Data{
		"from": from.Plan, "from_version": from.Version, "to": to.Plan, "to_version": to.Version,
	})
}

// SchedulePlan dates a move. It decides from its moment on, by the clock of each decision; a job then settles it into the tenant's row. The
// version is fixed now, so that what was previewed is what comes.
func SchedulePlan(ctx context.Context, tx *db.TenantTx, to billing.Pin, at time.Time) (PlanMove, error) {
	to, err := FindPlan(ctx, tx, to)
	if err != nil {
		return PlanMove{}, err
	}
	if !at.After(tx.Now) {
		return PlanMove{}, errs.InvalidField("at", "This time has passed.")
	}
	t, err := current(ctx, tx, locked)
	if err != nil {
		return PlanMove{}, err
	}
	if _, err := settle(ctx, tx, &t); err != nil {
		return PlanMove{}, err
	}
	if open, err := openMove(ctx, tx); err != nil || open != nil {
		return PlanMove{}, orPending(err)
	}
	m := PlanMove{ID: id.New[id.PlanMove](), Plan: to.Plan, PlanVersion: to.Version, MovesAt: at.UTC(), CreatedAt: tx.Now}
	if err := db.Of[PlanMove](tx.DB).Create(ctx, &m); err != nil {
		return PlanMove{}, fmt.Errorf("store plan move: %w", err)
	}
	if err := jobs.Enqueue(ctx, tx, settleMove{}, jobs.At(m.MovesAt)); err != nil {
		return PlanMove{}, err
	}
	tx.Changed("tenant")
	return m, events.Record(ctx, tx, events.PlanMoveDated, m.ID, events.Data{
		"from": t.Plan, "from_version": t.PlanVersion, "to": m.Plan, "to_version": m.PlanVersion, "at": m.MovesAt,
	})
}

func orPending(err error) error {
	if err != nil {
		return err
	}
	return ErrMovePending
}

// CancelPlan takes a dated move back. One whose moment has come is no longer there to cancel.
func CancelPlan(ctx context.Context, tx *db.TenantTx) (PlanMove, error) {
	t, err := current(ctx, tx, locked)
	if err != nil {
		return PlanMove{}, err
	}
	if _, err := settle(ctx, tx, &t); err != nil {
		return PlanMove{}, err
	}
	m, err := openMove(ctx, tx)
	if err != nil {
		return PlanMove{}, err
	}
	if m == nil {
		return PlanMove{}, errs.NotFound("dated change of the plan")
	}
	m.CanceledAt = &tx.Now
	if _, err := db.Of[PlanMove](tx.DB).Where("id = ?", m.ID).Select("canceled_at").Updates(ctx, *m); err != nil {
		return PlanMove{}, fmt.Errorf("cancel plan move: %w", err)
	}
	tx.Changed("tenant")
	return *m, events.Record(ctx, tx, events.PlanMoveCanceled, m.ID, events.Data{"to": m.Plan, "to_version": m.PlanVersion, "at": m.MovesAt})
}

// PlanMoves lists the dated moves of the tenant, newest first, at most 100.
func PlanMoves(ctx context.Context, tx *db.TenantTx) ([]PlanMove, error) {
	list, err := db.Of[PlanMove](tx.DB).Order("id DESC").Limit(100).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list plan moves: %w", err)
	}
	return list, nil
}

func openMove(ctx context.Context, tx *db.TenantTx) (*PlanMove, error) {
	list, err := db.Of[PlanMove](tx.DB).Where("settled_at IS NULL AND canceled_at IS NULL").Limit(1).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("load plan move: %w", err)
	}
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // no move is not an error here
	}
	return &list[0], nil
}

// settle writes a dated move whose moment has come into the locked row.
func settle(ctx context.Context, tx *db.TenantTx, t *Tenant) (settled bool, err error) {
	m, err := openMove(ctx, tx)
	if err != nil || m == nil || tx.Now.Before(m.MovesAt) {
		return false, err
	}
	m.SettledAt = &tx.Now
	if _, err := db.Of[PlanMove](tx.DB).Where("id = ?", m.ID).Select("settled_at").Updates(ctx, *m); err != nil {
		return false, fmt.Errorf("settle plan move: %w", err)
	}
	tx.Changed("tenant")
	return true, t.moveTo(ctx, tx, m.Pin())
}
