package sso_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Between reading a connection and storing its change stands the provider. Who renames it must not take back what somebody else has
// changed meanwhile: that people join by themselves, say.
func TestAChangePreparedFromAnOldConnectionIsRefused(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	renamed := c.draft()
	renamed.Name, renamed.Version = "Renamed", c.connection.Version
	prepared, err := c.signIn.Prepare(t.Context(), renamed)
	must(t, err)
	closed := c.draft()
	closed.JIT = false
	_, err = c.update(t, closed)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		if _, err := c.signIn.Update(ctx, tx, c.connection.ID, prepared); errs.CodeOf(err) != "try_again" {
			t.Errorf("Update = %v, want try_again", err)
		}
		return nil
	})
}
