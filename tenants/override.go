package tenants

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// Override sets one feature of the tenant apart from its plan, for a reason.
type Override struct {
	billing.Override
	Reason    string
	CreatedAt time.Time
}

const maxReason = 200

// SetOverride switches a feature of the catalog on or off for the tenant, or gives a numeric one another number; it replaces what was set
// before. A zero Expires is for good.
func SetOverride(ctx context.Context, tx *db.TenantTx, c *catalog.Catalog, o Override) (Override, error) {
	if err := checkOverride(tx, c, &o); err != nil {
		return Override{}, err
	}
	if _, err := current(ctx, tx, locked); err != nil {
		return Override{}, err
	}
	o.CreatedAt = tx.Now
	var number, expires any
	data := events.Data{"feature": o.Feature, "on": o.On, "reason": o.Reason}
	if o.Number != nil {
		text, err := json.Marshal(o.Number)
		if err != nil {
			return Override{}, fmt.Errorf("encode the number of %s: %w", o.Feature, err)
		}
		number, data["number"] = string(text), *o.Number
	}
	if !o.Expires.IsZero() {
		expires, data["expires_at"] = o.Expires, o.Expires
	}
	err := tx.DB.WithContext(ctx).Exec(`INSERT INTO plan_overrides (feature, switched, number, reason, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, feature) DO UPDATE SET switched = EXCLUDED.switched, number = EXCLUDED.number, reason = EXCLUDED.reason,
		expires_at = EXCLUDED.expires_at, created_at = EXCLUDED.created_at`, o.Feature, o.On, number, o.Reason, expires, tx.Now).Error
	if err != nil {
		return Override{}, fmt.Errorf("store override of %s: %w", o.Feature, err)
	}
	tx.Changed("tenant")
	return o, events.Record(ctx, tx, events.OverrideSet, tx.Tenant, data)
}

func checkOverride(tx *db.TenantTx, c *catalog.Catalog, o *Override) error {
	numeric, known := c.Numeric(o.Feature)
	switch {
	case !known:
		return errs.InvalidField("feature", "There is no such feature in the catalog.")
	case numeric && o.Number == nil:
		return errs.InvalidField("number", "This feature is numeric: give a number or unlimited.")
	case !numeric && o.Number != nil:
		return errs.InvalidField("number", "This feature is not numeric: switch it on or off.")
	case o.Reason != strings.TrimSpace(o.Reason) || o.Reason == "" || utf8.RuneCountInString(o.Reason) > maxReason || strings.ContainsFunc(o.Reason, hidden):
		return errs.InvalidField("reason", "Say why, in 1 to 200 printable characters.")
	case !o.Expires.IsZero() && !o.Expires.After(tx.Now):
		return errs.InvalidField("expires", "This time has passed.")
	}
	if numeric {
		o.On = o.Number.Any()
	}
	if !o.Expires.IsZero() {
		o.Expires = o.Expires.UTC()
	}
	return nil
}

func hidden(r rune) bool { return !visible(r) }

// RemoveOverride lets the plan say again what the tenant has of a feature.
func RemoveOverride(ctx context.Context, tx *db.TenantTx, feature billing.Feature) error {
	if _, err := current(ctx, tx, locked); err != nil {
		return err
	}
	deleted := tx.DB.WithContext(ctx).Exec("DELETE FROM plan_overrides WHERE tenant_id = ? AND feature = ?", tx.Tenant, feature)
	if deleted.Error != nil {
		return fmt.Errorf("remove override of %s: %w", feature, deleted.Error)
	}
	if deleted.RowsAffected == 0 {
		return errs.NotFound("override")
	}
	tx.Changed("tenant")
	return events.Record(ctx, tx, events.OverrideRemoved, tx.Tenant, events.Data{"feature": feature})
}

// Overrides lists what the tenant has apart from its plan, by feature, with what has expired.
func Overrides(ctx context.Context, tx *db.TenantTx) ([]Override, error) {
	var rows []struct {
		Feature   billing.Feature
		Switched  bool
		Number    *string
		Reason    string
		ExpiresAt *time.Time
		CreatedAt time.Time
	}
	err := tx.DB.WithContext(ctx).Raw(`SELECT feature, switched, number::text AS number, reason, expires_at, created_at FROM plan_overrides
		WHERE tenant_id = ? ORDER BY feature`, tx.Tenant).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list overrides: %w", err)
	}
	var list []Override
	for _, r := range rows {
		o := Override{Override: billing.Override{Feature: r.Feature, On: r.Switched}, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC()}
		if r.ExpiresAt != nil {
			o.Expires = r.ExpiresAt.UTC()
		}
		if r.Number != nil {
			o.Number = new(billing.Number)
			if err := json.Unmarshal([]byte(*r.Number), o.Number); err != nil {
				return nil, fmt.Errorf("read override of %s: %w", r.Feature, err)
			}
		}
		list = append(list, o)
	}
	return list, nil
}
