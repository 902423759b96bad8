package access

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

type inForce struct {
	catalog *catalog.Catalog
	version int64
	casbin  casbin // that a sample of what the catalog's table answered is asked of
}

type catalogRow struct {
	Version int64
	Hash    []byte
	Source  string
}

// ApplyCatalog makes a catalog the one in force, as a new version, for all instances. The one that is in force already is left alone. A plan
// that includes something else than before gets a new version; tenants keep the one that they have. The scope is db.Admit in the
// installation's tenant, whose log says when what was applied.
func ApplyCatalog(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, c *catalog.Catalog) (version int64, err error) {
	if err := sys.DB.Exec(lockCatalogSQL).Error; err != nil {
		return 0, fmt.Errorf("lock the catalog: %w", err)
	}
	last, err := newest(sys)
	if err != nil {
		return 0, err
	}
	hash, err := hex.DecodeString(c.Hash())
	if err != nil {
		return 0, fmt.Errorf("catalog hash: %w", err)
	}
	version = 1
	if last != nil {
		if err := upgraded(sys, last); err != nil {
			return 0, err
		}
		if bytes.Equal(last.Hash, hash) {
			return last.Version, nil
		}
		version = last.Version + 1
	}
	err = sys.DB.Exec("INSERT INTO catalogs (version, hash, source, applied_at) VALUES (?, ?, ?, ?)", version, hash, string(c.Source()), sys.Now).Error
	if err != nil {
		return 0, fmt.Errorf("store the catalog: %w", err)
	}
	written, err := settleVersions(sys, version, c)
	if err != nil {
		return 0, err
	}
	plans := make([]string, len(written))
	for i, v := range written {
		plans[i] = v.String()
	}
	sys.Changed("catalog")
	return version, events.Record(ctx, tx, events.CatalogApplied, nil, events.Data{"version": version, "hash": c.Hash(), "plans": plans})
}

// ReloadCatalog reads the catalog in force. When it cannot be read or compiled, the one held stays, for as long as CatalogGrace says.
func (s *Store) ReloadCatalog(ctx context.Context) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	err := s.readCatalog(ctx)
	if err == nil {
		s.behind.Store(0)
		return nil
	}
	s.behind.CompareAndSwap(0, int64(uptime()))
	return err
}

func (s *Store) readCatalog(ctx context.Context) error {
	var row *catalogRow
	err := s.db.System(ctx, func(sys *db.SystemTx) error {
		var err error
		row, err = newest(sys)
		return err
	})
	if err != nil {
		return err
	}
	if row == nil {
		return errs.New(errs.Unavailable, "no_catalog", "No catalog has been applied yet.")
	}
	if held := s.catalog.Load(); held != nil && held.version == row.Version {
		return nil
	}
	c, err := catalog.Parse(fmt.Sprintf("catalog version %d", row.Version), []byte(row.Source))
	if err != nil {
		return fmt.Errorf("compile catalog version %d: %w", row.Version, err)
	}
	var versions []billing.PlanVersion
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		versions, err = versionsOf(sys, row, c)
		return err
	})
	if err != nil {
		return err
	}
	if c, err = c.WithVersions(versions); err != nil {
		return fmt.Errorf("compile the versions of plans: %w", err)
	}
	s.catalog.Store(&inForce{c, row.Version, c})
	s.watches.toldAll(theCatalog)
	return nil
}

// decisive is the catalog to decide from; nil when the last good one is too old to be trusted.
func (s *Store) decisive() *inForce {
	held := s.catalog.Load()
	if behind := s.behind.Load(); held == nil || (behind != 0 && uptime()-time.Duration(behind) > s.catalogGrace) {
		return nil
	}
	return held
}

func newest(sys *db.SystemTx) (*catalogRow, error) {
	var rows []catalogRow
	if err := sys.DB.Raw("SELECT version, hash, source FROM catalogs ORDER BY version DESC LIMIT 1").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // no catalog yet is not an error here
	}
	return &rows[0], nil
}

// HasCatalog says whether any catalog is in force.
func HasCatalog(_ context.Context, sys *db.SystemTx) (bool, error) {
	row, err := newest(sys)
	return row != nil, err
}
