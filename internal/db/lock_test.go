package db_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// Whoever waits too long for a row that another request holds can try again; nothing is broken.
func TestAWaitForALockThatTakesTooLongCanBeRepeated(t *testing.T) {
	t.Parallel()
	d, err := db.Open(t.Context(), db.Config{URL: testdb.New(t).URL})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	t.Cleanup(d.Close)
	const lock = "SELECT pg_advisory_xact_lock(1)"
	err = d.System(t.Context(), func(holder *db.SystemTx) error {
		if err := holder.DB.Exec(lock).Error; err != nil {
			return err
		}
		waited := d.System(t.Context(), func(tx *db.SystemTx) error {
			if err := tx.DB.Exec("SET LOCAL lock_timeout = '50ms'").Error; err != nil {
				return err
			}
			return tx.DB.Exec(lock).Error
		})
		if e := errs.As(waited); e.Kind != errs.Unavailable || e.Code != "try_again" {
			t.Errorf("System() after a wait = %v, want try_again of kind Unavailable", waited)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
