package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/migrations"
)

func configCommand() *cobra.Command {
	var file string
	check := &cobra.Command{
		Use: "check", Short: "Say everything that keeps gatehouse serve from starting", Args: nothing,
		Long: "Reads the environment and the catalog as gatehouse serve does and says all mistakes at once. If there are none, it asks the\n" +
			"database whether its login role is safe and its schema is that of this release. It changes nothing.",
		Example: "  gatehouse config check --catalog catalog.yaml",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := loadSettings(nil)
			if err != nil {
				return err
			}
			if _, err := s.forServe(file); err != nil {
				return err
			}
			d, err := db.Open(c.Context(), db.Config{URL: s.DatabaseURL, MaxConns: 1})
			if err != nil {
				return err
			}
			defer d.Close()
			version, err := d.SchemaVersion(c.Context())
			if err != nil {
				return err
			}
			if version < migrations.Latest() {
				return fmt.Errorf("the database is at version %d and this release needs %d: run gatehouse migrate up", version, migrations.Latest())
			}
			return show(c, map[string]bool{"ok": true}, func() error { return say(c, "the configuration is complete") })
		},
	}
	check.Flags().StringVar(&file, "catalog", "", "check this catalog too")
	return group("config", "Check the configuration", printing(check))
}
