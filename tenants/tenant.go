package tenants

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Status is whether a tenant may be used.
type Status string

// The states. A deleted tenant keeps its row, so that its slug is never given to another.
const (
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
	StatusDeleted   Status = "deleted"
)

// Tenant is one customer.
type Tenant struct {
	ID     id.Tenant `gorm:"primaryKey"`
	Slug   string
	Name   string
	Status Status
	Plan   billing.Plan
	// PlanVersion is the version of the plan that it has; it changes by a move alone.
	PlanVersion int64
	// BillingAnchor is when its billing begins; nil if its billing periods are the months of the calendar.
	BillingAnchor *time.Time
	CreatedAt     time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
	DeletedAt     *time.Time
}

// TableName implements GORM's Tabler.
func (Tenant) TableName() string { return "tenants" }

var slugGrammar = regexp.MustCompile(`^[a-z][a-z0-9-]{0,38}[a-z0-9]$`)

// reserved slugs are paths of ours, or would let a tenant look like the installation.
var reserved = map[string]bool{
	"admin": true, "api": true, "app": true, "auth": true, "console": true, "choose": true, "dev": true, "docs": true, "gatehouse": true, "google": true, "healthz": true, "help": true,
	"installation": true, "invitation": true, "link": true, "login": true, "logout": true, "oauth": true, "oidc": true, "readyz": true, "resume": true, "root": true, "saml": true,
	"scim": true, "security": true, "sso": true, "static": true, "status": true, "support": true, "system": true, "v1": true, "www": true,
}

// CheckSlug says whether a slug may be used: a letter, then letters, digits and hyphens, 2 to 40 characters, ASCII only.
func CheckSlug(slug string) error {
	if !slugGrammar.MatchString(slug) || strings.Contains(slug, "--") {
		return errs.InvalidField("slug", "Use 2 to 40 lower-case letters, digits and single hyphens; begin with a letter.")
	}
	if reserved[slug] {
		return errs.InvalidField("slug", "This word is reserved.")
	}
	return nil
}

// CheckName says whether a text can be shown as the name of something: 1 to 100 characters, none of them invisible.
func CheckName(field, name string) error {
	if name != strings.TrimSpace(name) || name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) {
		return errs.InvalidField(field, "Use 1 to 100 characters without spaces around them.")
	}
	for _, r := range name {
		if !visible(r) {
			return errs.InvalidField(field, "Use printable characters only.")
		}
	}
	return nil
}

// visible says that a character can be seen. Unicode counts the Hangul fillers as letters, and they look like nothing.
func visible(r rune) bool {
	return unicode.IsPrint(r) && r != 0x115F && r != 0x1160 && r != 0x3164 && r != 0xFFA0 && r != 0x2800
}

// BySlug finds a tenant that is not deleted. The installation's own tenant is not found.
func BySlug(ctx context.Context, tx *db.SystemTx, slug string) (Tenant, error) {
	t, err := db.Of[Tenant](tx.DB).Where("slug = ? AND status IN ('active', 'suspended')", slug).First(ctx)
	if db.IsMissing(err) {
		return Tenant{}, errs.NotFound("tenant")
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("find tenant: %w", err)
	}
	return t, nil
}

// All lists the tenants that are not deleted, oldest first, after the given id.
func All(ctx context.Context, tx *db.SystemTx, after id.Tenant, limit int) ([]Tenant, error) {
	q := db.Of[Tenant](tx.DB).Where("status IN ('active', 'suspended')")
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Order("id").Limit(limit).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return list, nil
}

// Current is the tenant of the scope with its sign-in policy.
func Current(ctx context.Context, tx *db.TenantTx) (Tenant, Policy, error) {
	t, err := current(ctx, tx)
	if err != nil {
		return Tenant{}, Policy{}, err
	}
	p, err := policy(ctx, tx)
	return t, p, err
}

func current(ctx context.Context, tx *db.TenantTx, opts ...clause.Expression) (Tenant, error) {
	t, err := db.Of[Tenant](tx.DB, opts...).Where("id = ?", tx.Tenant).Take(ctx)
	if db.IsMissing(err) || t.Status == StatusDeleted {
		return Tenant{}, errs.NotFound("tenant")
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("load tenant: %w", err)
	}
	return t, nil
}

// Rename changes the name that people see.
func Rename(ctx context.Context, tx *db.TenantTx, name string) (Tenant, error) {
	if err := CheckName("name", name); err != nil {
		return Tenant{}, err
	}
	t, err := current(ctx, tx, locked)
	if err != nil || t.Name == name {
		return t, err
	}
	old := t.Name
	t.Name = name
	return t, change(ctx, tx, &t, map[string]any{"name": name}, events.TenantRenamed, events.Data{"from": old, "to": name})
}

var errUnknownPlan = errs.InvalidField("plan", "Use free, pro, team or enterprise.")

// Suspend stops every use of the tenant until Resume; nothing is lost.
func Suspend(ctx context.Context, tx *db.TenantTx, reason string) (Tenant, error) {
	return setStatus(ctx, tx, StatusSuspended, events.TenantSuspended, events.Data{"reason": reason})
}

// Resume ends a suspension.
func Resume(ctx context.Context, tx *db.TenantTx) (Tenant, error) {
	return setStatus(ctx, tx, StatusActive, events.TenantResumed, nil)
}

// Delete ends the tenant for good: its credentials stop working, its domains are released, its slug stays taken.
func Delete(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx) error {
	if _, err := setStatus(ctx, tx, StatusDeleted, events.TenantDeleted, nil); err != nil {
		return err
	}
	if err := sys.DB.Exec("DELETE FROM domain_directory WHERE tenant_id = ?", tx.Tenant).Error; err != nil {
		return fmt.Errorf("release domains: %w", err)
	}
	return nil
}

func setStatus(ctx context.Context, tx *db.TenantTx, to Status, typ events.Type, data events.Data) (Tenant, error) {
	t, err := current(ctx, tx, locked)
	if err != nil || t.Status == to {
		return t, err
	}
	t.Status = to
	cols := map[string]any{"status": to}
	if to == StatusDeleted {
		t.DeletedAt = &tx.Now
		cols["deleted_at"] = tx.Now
	}
	return t, change(ctx, tx, &t, cols, typ, data)
}

func change(ctx context.Context, tx *db.TenantTx, t *Tenant, cols map[string]any, typ events.Type, data events.Data) error {
	t.UpdatedAt, cols["updated_at"] = tx.Now, tx.Now
	if err := tx.DB.Table("tenants").Where("id = ?", tx.Tenant).Where("status <> ?", StatusDeleted).Updates(cols).Error; err != nil {
		return fmt.Errorf("update tenant: %w", err)
	}
	tx.Changed("tenant")
	return events.Record(ctx, tx, typ, t.ID, data)
}
