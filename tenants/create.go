package tenants

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// New is what a tenant begins with. Owner is the address of its first owner.
type New struct {
	Slug, Name string
	Plan       billing.Plan
	Owner      string
}

// Create makes a tenant with its first owner, who is a new person: accounts are never linked by e-mail alone. The scope is
// db.Admit with a fresh tenant id. A taken slug is the conflict slug_taken.
func Create(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, in New) (Tenant, Membership, error) {
	owner, err := ParseEmail(in.Owner)
	if err != nil {
		return Tenant{}, Membership{}, err
	}
	if err := CheckSlug(in.Slug); err != nil {
		return Tenant{}, Membership{}, err
	}
	if err := CheckName("name", in.Name); err != nil {
		return Tenant{}, Membership{}, err
	}
	pin, err := FindPlan(ctx, tx, billing.Pin{Plan: in.Plan})
	if err != nil {
		return Tenant{}, Membership{}, err
	}
	t := Tenant{
		ID: tx.Tenant, Slug: in.Slug, Name: in.Name, Status: StatusActive, Plan: pin.Plan, PlanVersion: pin.Version, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := db.Of[Tenant](sys.DB).Create(ctx, &t); err != nil {
		return Tenant{}, Membership{}, fmt.Errorf("create tenant: %w", err)
	}
	if err := tx.DB.Exec("INSERT INTO tenant_state (tenant_id) VALUES (?)", tx.Tenant).Error; err != nil {
		return Tenant{}, Membership{}, fmt.Errorf("create tenant state: %w", err)
	}
	if err := events.Record(ctx, tx, events.TenantCreated, t.ID, events.Data{"slug": t.Slug, "plan": t.Plan}); err != nil {
		return Tenant{}, Membership{}, err
	}
	user, err := NewUser(ctx, sys)
	if err != nil {
		return Tenant{}, Membership{}, err
	}
	m, err := Join(ctx, tx, user, rbac.Owner, Profile{Email: owner.Address}, SourceOperator)
	return t, m, err
}

// NewUser makes a person who is nowhere yet.
func NewUser(ctx context.Context, tx *db.SystemTx) (id.User, error) {
	u := id.New[id.User]()
	if err := tx.DB.WithContext(ctx).Exec("INSERT INTO users (id, created_at) VALUES (?, ?)", u, tx.Now).Error; err != nil {
		return id.User{}, fmt.Errorf("create user: %w", err)
	}
	return u, nil
}
