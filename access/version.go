package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

const lockCatalogSQL = "SELECT pg_advisory_xact_lock(7168011, 2)"

// PlanVersions returns all versions of plans, in no order.
func PlanVersions(sys *db.SystemTx) ([]billing.PlanVersion, error) {
	var rows []struct {
		Plan    billing.Plan
		Version int64
		Terms   string
	}
	if err := sys.DB.Raw("SELECT plan, version, terms::text AS terms FROM plan_versions").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the versions of plans: %w", err)
	}
	versions := make([]billing.PlanVersion, 0, len(rows))
	for _, r := range rows {
		v := billing.PlanVersion{Pin: billing.Pin{Plan: r.Plan, Version: r.Version}}
		if err := json.Unmarshal([]byte(r.Terms), &v.Terms); err != nil {
			return nil, fmt.Errorf("read plan version %s: %w", v.Pin, err)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// lagging returns the versions that are to be written so that the newest of each plan is what the catalog says. The rest stays as it is.
func lagging(versions []billing.PlanVersion, c *catalog.Catalog) (missing []billing.PlanVersion) {
	newest := map[billing.Plan]billing.PlanVersion{}
	for _, v := range versions {
		if v.Version > newest[v.Plan].Version {
			newest[v.Plan] = v
		}
	}
	for _, plan := range billing.Plans() {
		last, terms := newest[plan], c.Terms(plan)
		if last.Version == 0 || !last.Terms.Equal(terms) {
			missing = append(missing, billing.PlanVersion{Pin: billing.Pin{Plan: plan, Version: last.Version + 1}, Terms: terms})
		}
	}
	return missing
}

// settleVersions writes what is missing of a stored catalog. The catalog is locked.
func settleVersions(sys *db.SystemTx, version int64, c *catalog.Catalog) (written []billing.PlanVersion, err error) {
	versions, err := PlanVersions(sys)
	if err != nil {
		return nil, err
	}
	written = lagging(versions, c)
	for _, v := range written {
		terms, err := json.Marshal(v.Terms)
		if err != nil {
			return nil, fmt.Errorf("encode plan version %s: %w", v.Pin, err)
		}
		err = sys.DB.Exec("INSERT INTO plan_versions (plan, version, terms, catalog_version, created_at) VALUES (?, ?, ?, ?, ?)",
			v.Plan, v.Version, string(terms), version, sys.Now).Error
		if err != nil {
			return nil, fmt.Errorf("store plan version %s: %w", v.Pin, err)
		}
	}
	return written, nil
}

// upgraded writes the versions of a catalog that was applied by a release which knew none, before the next one takes its place: tenants have
// what it says. One that this release cannot read has nothing to say.
func upgraded(sys *db.SystemTx, last *catalogRow) error {
	c, err := catalog.Parse(fmt.Sprintf("catalog version %d", last.Version), []byte(last.Source))
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	_, err = settleVersions(sys, last.Version, c)
	return err
}

// versionsOf returns the versions of plans that belong to a stored catalog, and writes those that are missing: another release may have
// applied it.
func versionsOf(sys *db.SystemTx, row *catalogRow, c *catalog.Catalog) ([]billing.PlanVersion, error) {
	versions, err := PlanVersions(sys)
	if err != nil || len(lagging(versions, c)) == 0 {
		return versions, err
	}
	if err := sys.DB.Exec(lockCatalogSQL).Error; err != nil {
		return nil, fmt.Errorf("lock the catalog: %w", err)
	}
	last, err := newest(sys)
	if err != nil {
		return nil, err
	}
	// A newer one that was applied in between has versions of its own, and will be read next.
	if last != nil && last.Version == row.Version && bytes.Equal(last.Hash, row.Hash) {
		if _, err := settleVersions(sys, row.Version, c); err != nil {
			return nil, err
		}
	}
	return PlanVersions(sys)
}

// catchUp reads the catalog anew if it lacks a version of a plan that a tenant has: a tenant can be moved to a version before this instance
// has heard of the catalog that made it. Where that does not help, the tenant is on a plan that nobody knows, and refused.
func (s *Store) catchUp(ctx context.Context, t *Tenant) {
	held := s.catalog.Load()
	if held == nil {
		return
	}
	for _, pin := range t.Sold.Pins() {
		if pin.Version > 0 && !held.catalog.HasVersion(pin) {
			if err := s.ReloadCatalog(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "catalog_reload_failed", "error", err.Error())
			}
			return
		}
	}
}
