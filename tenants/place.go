package tenants

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Place is a tenant that a person may enter.
type Place struct {
	Tenant     Tenant     `gorm:"embedded;embeddedPrefix:t_"`
	Policy     Policy     `gorm:"embedded;embeddedPrefix:p_"`
	Membership Membership `gorm:"embedded;embeddedPrefix:m_"`
}

const placesSQL = `
SELECT t.id AS t_id, t.slug AS t_slug, t.name AS t_name, t.status AS t_status, t.plan AS t_plan, t.created_at AS t_created_at,
       t.updated_at AS t_updated_at,
       s.version AS p_version, s.require_sso AS p_require_sso, s.google_enabled AS p_google_enabled, s.google_jit AS p_google_jit,
       s.google_role AS p_google_role, s.session_idle AS p_session_idle, s.session_absolute AS p_session_absolute,
       m.id AS m_id, m.user_id AS m_user_id, m.role AS m_role, m.status AS m_status, m.email AS m_email, m.name AS m_name,
       m.picture AS m_picture, m.source AS m_source, m.created_at AS m_created_at, m.updated_at AS m_updated_at
FROM memberships m
JOIN tenants t ON t.id = m.tenant_id
JOIN tenant_state s ON s.tenant_id = m.tenant_id
WHERE m.user_id = ? AND m.status = 'active' AND t.status = 'active'
ORDER BY t.name, t.id
LIMIT 200`

// PlacesOf lists where a person has an active membership in an active tenant. Whether a sign-in may lead there is the place's policy.
func PlacesOf(ctx context.Context, tx *db.SystemTx, user id.User) ([]Place, error) {
	var list []Place
	if err := tx.DB.WithContext(ctx).Session(&gorm.Session{}).Raw(placesSQL, user).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list places: %w", err)
	}
	return list, nil
}
