package db

import (
	"context"
	"fmt"
)

// SchemaVersion is the number of the newest migration that the database has.
func (d *DB) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = d.System(ctx, func(sys *SystemTx) error {
		if err := sys.DB.Raw("SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version).Error; err != nil {
			return fmt.Errorf("read the schema's version: %w", err)
		}
		return nil
	})
	return version, err
}
