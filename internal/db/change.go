package db

import (
	"database/sql"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Channel is where changes are announced. A payload is "<tenant uuid> <version> <what>[ <id>]…" for a tenant (no id but with
// "tenant": more than fit) and
// "- 0 <what>" for the installation. A "+" behind the version says that more of the same version follows.
const Channel = "gatehouse_changes"

// state is what a scope gathers until it commits.
type state struct {
	plain   *gorm.DB // without the tenant filter
	conn    *sql.Tx
	changes []string
	global  []string
	after   []func()
	version int64 // that the changes are of, once they are announced
}

// Changed says that a snapshot of this tenant is out of date: "tenant", or "member", "session" or "key" with ids. At commit the
// tenant's version moves and every instance is told, in the same transaction.
func (tx *TenantTx) Changed(what string, ids ...interface{ String() string }) {
	const fits = 200 // a payload holds 8,000 bytes; without ids it stands for everything of the tenant
	if len(ids) <= fits {
		for _, i := range ids {
			what += " " + i.String()
		}
	}
	tx.state.changes = append(tx.state.changes, what)
}

// After runs f once the scope has committed.
func (tx *TenantTx) After(f func()) { tx.state.after = append(tx.state.after, f) }

// Changed says that something of the whole installation has changed: "catalog", "keys".
func (tx *SystemTx) Changed(what string) { tx.state.global = append(tx.state.global, what) }

const announceSQL = `WITH moved AS (UPDATE tenant_state SET version = version + 1 WHERE tenant_id = ? RETURNING version)
SELECT version, CAST(pg_notify('` + Channel + `', ? || ' ' || version || CASE WHEN n < ? THEN '+' ELSE '' END || ' ' || what) AS text) AS told
FROM moved, unnest(string_to_array(?, chr(10))) WITH ORDINALITY AS c(what, n) ORDER BY n`

func (s *state) announce(tenant id.Tenant) error {
	if len(s.changes) > 0 {
		u := tenant.UUID()
		var told []struct{ Version int64 }
		err := s.plain.Raw(announceSQL, u, u.String(), len(s.changes), strings.Join(s.changes, "\n")).Scan(&told).Error
		if err != nil {
			return fmt.Errorf("announce a change: %w", err)
		}
		if len(told) > 0 {
			s.version = told[0].Version
		}
	}
	for _, what := range s.global {
		if err := s.plain.Exec("SELECT pg_notify(?, ?)", Channel, "- 0 "+what).Error; err != nil {
			return fmt.Errorf("announce a change: %w", err)
		}
	}
	return nil
}

// Watch has fn told of every change that this DB commits, as the payload that other instances get, before the scope returns: whoever made
// a change sees it at once and does not wait for the announcement to come back.
func (d *DB) Watch(fn func(payload string)) { d.watcher.Store(&fn) }

// told hands the changes of a committed scope to the watcher.
func (d *DB) told(tenant id.Tenant, s *state) {
	watcher := d.watcher.Load()
	if watcher == nil {
		return
	}
	for _, what := range s.changes {
		(*watcher)(tenant.UUID().String() + " 0 " + what)
	}
	for _, what := range s.global {
		(*watcher)("- 0 " + what)
	}
}
