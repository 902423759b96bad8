package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/migrations"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "migrate", Short: "Bring the database to the schema of this release",
		Long: "Uses GATEHOUSE_DATABASE_OWNER_URL: gatehouse_owner, or an administrator who may create roles; an administrator creates the\n" +
			"roles first, and gatehouse_app gets the password that GATEHOUSE_DATABASE_URL has.",
	}
	up := &cobra.Command{Use: "up", Short: "Apply what is missing", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		s, err := ownerSettings(c)
		if err != nil {
			return err
		}
		if err := migrateUp(c.Context(), s); err != nil {
			return err
		}
		return say(c, "the database is at version %d", migrations.Latest())
	}}
	down := &cobra.Command{Use: "down", Short: "Take back the newest migration", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		s, err := ownerSettings(c)
		if err != nil {
			return err
		}
		return migrations.Down(c.Context(), s.OwnerURL)
	}}
	status := &cobra.Command{Use: "status", Short: "List the migrations", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		s, err := ownerSettings(c)
		if err != nil {
			return err
		}
		steps, err := migrations.Status(c.Context(), s.OwnerURL)
		if err != nil {
			return err
		}
		return show(c, steps, func() error {
			var rows [][]string
			for _, st := range steps {
				rows = append(rows, []string{strconv.FormatInt(st.Version, 10), st.Name, strconv.FormatBool(st.Applied)})
			}
			return table(c, []string{"VERSION", "NAME", "APPLIED"}, rows)
		})
	}}
	c.AddCommand(data(up), data(down), printing(data(status)))
	return c
}

func ownerSettings(c *cobra.Command) (settings, error) {
	s, err := settingsFor(c)
	if err != nil {
		if s, err = loadSettings(nil); err != nil {
			return s, err
		}
	}
	if s.OwnerURL == "" {
		return s, errors.New("GATEHOUSE_DATABASE_OWNER_URL is missing (the role gatehouse_owner, or an administrator of the database)")
	}
	return s, nil
}

// migrateUp creates the roles when the URL is an administrator's, then the tables.
func migrateUp(ctx context.Context, s settings) error {
	owner, err := url.Parse(s.OwnerURL)
	if err != nil {
		return errors.New("GATEHOUSE_DATABASE_OWNER_URL is not a URL")
	}
	if owner.User.Username() != "gatehouse_owner" {
		password := ""
		if app, err := url.Parse(s.DatabaseURL); err == nil && app.User.Username() == "gatehouse_app" {
			password, _ = app.User.Password()
		}
		if err := migrations.CreateRoles(ctx, s.OwnerURL, password); err != nil {
			return err
		}
	}
	if err := migrations.Up(ctx, s.OwnerURL); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
