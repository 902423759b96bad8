package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

// The legacy switches of a SAML connection, as events name them.
const (
	LegacySHA1         = "sha1"
	LegacyInclusive    = "inclusive_c14n"
	LegacyResponseOnly = "response_only"
)

// LegacySwitch is one switch that accepts what is weak, as it stands at a connection.
type LegacySwitch struct {
	Name  string
	Since *time.Time // nil while it is off
	// By is who switched it on, as events name them; "" for the installation. Told is false where it is not kept any more.
	By   string
	Told bool
	Used *time.Time // the last answer of ninety days that was accepted only thanks to it
}

// legacyMemory is how far back uses are looked for.
const legacyMemory = 90 * 24 * time.Hour

// LegacySwitches lists all three switches of a connection, always in the same order; none of one that does not speak SAML.
func LegacySwitches(ctx context.Context, tx *db.TenantTx, c Connection) ([]LegacySwitch, error) {
	if c.SAML == nil {
		return nil, nil
	}
	used, err := legacyUses(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	list := []LegacySwitch{{Name: LegacySHA1}, {Name: LegacyInclusive}, {Name: LegacyResponseOnly}}
	for i := range list {
		list[i].Since, list[i].Used = c.SAML.legacy(list[i].Name), used[list[i].Name]
	}
	return list, whoSwitched(ctx, tx, c, list)
}

// legacy is since when a switch is on.
func (s *SAML) legacy(name string) *time.Time {
	switch name {
	case LegacySHA1:
		return s.LegacySHA1
	case LegacyInclusive:
		return s.LegacyInclusive
	case LegacyResponseOnly:
		return s.LegacyResponseOnly
	default:
		return nil
	}
}

func legacyUses(ctx context.Context, tx *db.TenantTx, c Connection) (map[string]*time.Time, error) {
	var rows []struct {
		Name string
		Used time.Time
	}
	err := tx.DB.WithContext(ctx).Raw(`SELECT s.name, max(e.created_at) AS used FROM events e
		CROSS JOIN LATERAL jsonb_array_elements_text(e.data->'switches') AS s(name)
		WHERE e.tenant_id = ? AND e.id >= ? AND e.type = ? AND e.target_id = ? GROUP BY s.name`,
		tx.Tenant, firstEventOf(tx.Now.Add(-legacyMemory)), string(events.ConnectionLegacyUsed), c.ID.String()).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for uses of legacy switches of connection %s: %w", c.ID, err)
	}
	used := map[string]*time.Time{}
	for _, r := range rows {
		used[r.Name] = &r.Used
	}
	return used, nil
}

// firstEventOf is below the ids of all events since a time: they begin with their milliseconds (RFC 9562, section 5.7), by which they are
// indexed.
func firstEventOf(at time.Time) string {
	var u uuid.UUID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	return u.String()
}

// whoSwitched finds, in the versions of before, who turned on what is on now.
func whoSwitched(ctx context.Context, tx *db.TenantTx, c Connection, list []LegacySwitch) error {
	versions, err := db.Of[ConnectionVersion](tx.DB).Omit("client_secret").Where("connection_id = ?", c.ID).Order("version DESC").Find(ctx)
	if err != nil {
		return fmt.Errorf("list versions of connection %s: %w", c.ID, err)
	}
	for i := range list {
		l := &list[i]
		if l.Since == nil {
			continue
		}
		if !l.Since.After(c.CreatedAt) { // on from the beginning
			l.By, l.Told = c.CreatedBy.String(), true
			continue
		}
		for _, v := range versions {
			if v.Settings.SAML != nil && v.Settings.SAML.legacy(l.Name) == nil {
				l.By, l.Told = v.ChangedBy, true
				break
			}
		}
	}
	return nil
}
