package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// maxDirectoryGroups is how many groups of a person are kept to report usage by.
const maxDirectoryGroups = 200

const keepGroupsSQL = `INSERT INTO directory_groups AS d (membership_id, connection_id, groups, updated_at) VALUES (?, ?, CAST(? AS jsonb), ?)
	ON CONFLICT (tenant_id, membership_id, connection_id) DO UPDATE SET groups = EXCLUDED.groups, updated_at = EXCLUDED.updated_at
	WHERE d.groups <> EXCLUDED.groups`

const forgetGroupsSQL = "DELETE FROM directory_groups WHERE membership_id = ? AND connection_id = ?"

// keepGroups remembers the groups that were just proven, whether or not any has a role. A claim of groups that is missing says nothing about
// groups, and leaves them as they were; where the connection names no claim any more, what one once said is forgotten. Google, which is no
// connection of the tenant's, has no say in its groups.
func (e entrance) keepGroups(ctx context.Context, tx *db.TenantTx, m tenants.Membership) error {
	mapped := e.connection.Claims.Groups != ""
	switch {
	case e.connection.ID == id.Google, mapped && e.who.GroupsMissing:
		return nil
	case !mapped, len(e.who.Groups) == 0:
		if err := tx.DB.WithContext(ctx).Exec(forgetGroupsSQL, m.ID, e.connection.ID).Error; err != nil {
			return fmt.Errorf("forget the groups of member %s: %w", m.ID, err)
		}
		return nil
	}
	names := make([]string, 0, len(e.who.Groups))
	for _, g := range e.who.Groups {
		names = append(names, shown(g))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	list, err := json.Marshal(names[:min(len(names), maxDirectoryGroups)])
	if err != nil {
		return fmt.Errorf("encode the groups of member %s: %w", m.ID, err)
	}
	if err := tx.DB.WithContext(ctx).Exec(keepGroupsSQL, m.ID, e.connection.ID, string(list), tx.Now).Error; err != nil {
		return fmt.Errorf("keep the groups of member %s: %w", m.ID, err)
	}
	return nil
}
