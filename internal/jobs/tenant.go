package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Errors that end a job for good.
var (
	ErrNoTenant   = errors.New("the job names no tenant")
	ErrTenantGone = errors.New("the job's tenant does not exist any more")
)

// Tenant reads which tenant a job belongs to. It returns [ErrNoTenant] for a job without one: such a job must not run as a tenant's.
func Tenant(job *rivertype.JobRow) (id.Tenant, error) {
	var m metadata
	if err := json.Unmarshal(job.Metadata, &m); err != nil {
		return id.Tenant{}, fmt.Errorf("%w: metadata cannot be read", ErrNoTenant)
	}
	u, err := uuid.Parse(m.Tenant)
	if err != nil || u == uuid.Nil {
		return id.Tenant{}, ErrNoTenant
	}
	return id.From[id.Tenant](u), nil
}

// enter reads the job's tenant and looks whether it still exists. A suspended tenant does: what was promised before is done.
func enter(ctx context.Context, d *db.DB, job *rivertype.JobRow) (id.Tenant, error) {
	tenant, err := Tenant(job)
	if err != nil {
		return id.Tenant{}, river.JobCancel(err)
	}
	var exists bool
	err = d.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT count(*) > 0 FROM tenants WHERE id = ? AND status <> 'deleted'", tenant).Scan(&exists).Error
	})
	if err != nil {
		return id.Tenant{}, fmt.Errorf("enter the job's tenant: %w", err)
	}
	if !exists {
		return id.Tenant{}, river.JobCancel(ErrTenantGone)
	}
	return tenant, nil
}
