package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

var errNoCatalog = errors.New("no catalog is in force yet: gatehouse serve begins with one, or run gatehouse catalog apply FILE")

// storedCatalog is the catalog in force as the database has it.
type storedCatalog struct {
	Version   int64
	Hash      []byte
	Source    string
	AppliedAt time.Time
}

// catalogInForce returns errNoCatalog if none has been applied.
func catalogInForce(sys *db.SystemTx) (storedCatalog, error) {
	var rows []storedCatalog
	err := sys.DB.Raw("SELECT version, hash, source, applied_at FROM catalogs ORDER BY version DESC LIMIT 1").Scan(&rows).Error
	if err != nil {
		return storedCatalog{}, fmt.Errorf("read the catalog: %w", err)
	}
	if len(rows) == 0 {
		return storedCatalog{}, errNoCatalog
	}
	return rows[0], nil
}

func (t *target) catalogInForce(ctx context.Context) (stored storedCatalog, err error) {
	err = t.db.System(ctx, func(sys *db.SystemTx) error {
		stored, err = catalogInForce(sys)
		return err
	})
	return stored, err
}

func catalogShow() *cobra.Command {
	var source bool
	c := &cobra.Command{
		Use:     "show",
		Short:   "Print the catalog in force, its version, its hash and when it was applied",
		Example: "  gatehouse catalog show --source > catalog.yaml",
		Args:    nothing,
	}
	c.Flags().BoolVar(&source, "source", false, "print the file alone, as it was applied")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		stored, err := t.catalogInForce(ctx)
		if err != nil {
			return err
		}
		out := struct {
			Version   int64     `json:"version"`
			Hash      string    `json:"hash"`
			AppliedAt time.Time `json:"applied_at"`
			Source    string    `json:"source"`
		}{stored.Version, hex.EncodeToString(stored.Hash), stored.AppliedAt.UTC(), stored.Source}
		return show(c, out, func() error {
			if !source {
				err := say(c, "version  %d\nhash     %s\napplied  %s\n", out.Version, out.Hash, out.AppliedAt.Format(time.RFC3339))
				if err != nil {
					return err
				}
			}
			if _, err := c.OutOrStdout().Write([]byte(out.Source)); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		})
	}
	c = printing(data(c))
	c.MarkFlagsMutuallyExclusive("source", "json")
	return c
}

func catalogApply() *cobra.Command {
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Put a catalog file in force, as a new version",
		Long: "Running servers follow within a second, without a restart. The file that is in force already is left alone.\n" +
			"See gatehouse catalog diff for what it will change.",
		Args: one,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		// Before the database is looked for: what is wrong with the file can be said without one.
		parsed, err := parseCatalog(args[0])
		if err != nil {
			return err
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		out := struct {
			Version int64  `json:"version"`
			Hash    string `json:"hash"`
			Changed bool   `json:"changed"`
		}{Hash: parsed.Hash()}
		err = t.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
			before, err := catalogInForce(sys)
			if err != nil && !errors.Is(err, errNoCatalog) {
				return err
			}
			out.Version, err = access.ApplyCatalog(ctx, sys, tx, parsed)
			out.Changed = out.Version != before.Version
			return err
		})
		if err != nil {
			return fmt.Errorf("apply %s: %w", args[0], err)
		}
		return show(c, out, func() error {
			if !out.Changed {
				return say(c, "nothing has changed: this is version %d already", out.Version)
			}
			return say(c, "version %d is in force", out.Version)
		})
	}
	return printing(data(c))
}
