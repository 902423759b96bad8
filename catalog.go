package gatehouse

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// ApplyCatalog puts a catalog file in force while the server runs, on all instances. A file with mistakes changes nothing, and the error
// names them all; the file that is in force already is left alone.
func (g *Gatehouse) ApplyCatalog(ctx context.Context, source []byte) error {
	c, err := catalog.Parse("catalog", source)
	if err != nil {
		return fmt.Errorf("gatehouse: %w", err)
	}
	ctx = authn.AsSystem(ctx)
	err = g.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, err := access.ApplyCatalog(ctx, sys, tx, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("gatehouse: put the catalog in force: %w", err)
	}
	return nil
}

// putCatalog puts the configured catalog in force; without one it leaves what is in force, or begins with the built-in one.
func (g *Gatehouse) putCatalog(ctx context.Context) error {
	ctx = authn.AsSystem(ctx)
	err := g.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		c := g.parts.catalog
		if c == nil {
			there, err := access.HasCatalog(ctx, sys)
			if err != nil || there {
				return err
			}
			if c, err = catalog.Parse("built-in catalog", catalog.Default()); err != nil {
				return err
			}
		}
		_, err := access.ApplyCatalog(ctx, sys, tx, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("put the catalog in force: %w", err)
	}
	return nil
}
