package usage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestATenantReadsItsOwnUsageAndWritesNone(t *testing.T) {
	t.Parallel()
	r := build(t, nil)
	a, b, now := id.New[id.Tenant](), id.New[id.Tenant](), time.Now()
	r.record(t, []usage.Event{tokens(a, now, 1), tokens(b, now, 2), call(b, "of b", 3)}, "accepted", "accepted", "accepted")
	r.fold(t)
	r.record(t, []usage.Event{tokens(a, now, 4), tokens(b, now, 5)}, "accepted", "accepted")
	for table, want := range map[string]int64{"usage_events": 2, "usage_hours": 1, "usage_days": 1, "usage_keys": 0} {
		var n int64
		err := r.db.Tenant(t.Context(), a, func(tx *db.TenantTx) error {
			return tx.DB.Raw("SELECT count(*) FROM " + table).Scan(&n).Error // without a condition: the wall alone
		})
		if err != nil || n != want {
			t.Errorf("tenant a sees %d rows of %s, %v, want %d", n, table, err, want)
		}
	}
	partition := "usage_events_" + now.UTC().Format("20060102")
	for _, sql := range []string{
		"SELECT * FROM " + partition, "INSERT INTO usage_events SELECT * FROM usage_events", "DELETE FROM usage_events", "UPDATE usage_hours SET quantity = 0",
		"DELETE FROM usage_days", "UPDATE usage_watermark SET txid = 0", "INSERT INTO usage_keys SELECT * FROM usage_keys", "TRUNCATE usage_events",
	} {
		for name, do := range map[string]func() error{
			"a tenant": func() error {
				return r.db.Tenant(t.Context(), a, func(tx *db.TenantTx) error { return tx.DB.Exec(sql).Error })
			},
			"the system": func() error {
				return r.db.System(t.Context(), func(sys *db.SystemTx) error { return sys.DB.Exec(sql).Error })
			},
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), "42501") {
				t.Errorf("%s by %s = %v, want permission denied", sql, name, err)
			}
		}
	}
}
