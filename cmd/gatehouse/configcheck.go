package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check the configuration"}
	var file string
	check := &cobra.Command{
		Use: "check", Short: "Say everything that keeps gatehouse serve from starting", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := loadSettings(nil)
			if err != nil {
				return err
			}
			if _, err := s.forServe(); err != nil {
				return err
			}
			if file != "" {
				src, err := readCatalog(file)
				if err != nil {
					return err
				}
				if _, err := catalog.Parse(file, src); err != nil {
					return err
				}
			}
			d, err := db.Open(c.Context(), db.Config{URL: s.DatabaseURL, MaxConns: 1})
			if err != nil {
				return err
			}
			d.Close()
			return show(c, map[string]bool{"ok": true}, func() error { return say(c, "the configuration is complete") })
		},
	}
	check.Flags().StringVar(&file, "catalog", "", "check this catalog too")
	c.AddCommand(printing(check))
	return c
}
