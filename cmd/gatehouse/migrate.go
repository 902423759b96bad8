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
	c := group("migrate", "Bring the database to the schema of this release", migrateUpCommand(), migrateDownCommand(), migrateStatusCommand())
	c.Long = "Uses GATEHOUSE_DATABASE_OWNER_URL: gatehouse_owner, or an administrator who may create roles; an administrator creates the\n" +
		"roles first, and gatehouse_app gets the password that GATEHOUSE_DATABASE_URL has."
	return c
}

func migrateUpCommand() *cobra.Command {
	c := &cobra.Command{Use: "up", Short: "Apply what is missing", Args: nothing}
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := ownerSettings(c)
		if err != nil {
			return err
		}
		if err := migrateUp(c.Context(), s); err != nil {
			return err
		}
		return say(c, "the database is at version %d", migrations.Latest())
	}
	return data(c)
}

func migrateDownCommand() *cobra.Command {
	c := &cobra.Command{Use: "down", Short: "Take back the newest migration, with the data of its tables", Args: nothing}
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := ownerSettings(c)
		if err != nil {
			return err
		}
		if err := migrations.Down(c.Context(), s.OwnerURL); err != nil {
			return err
		}
		steps, err := migrations.Status(c.Context(), s.OwnerURL)
		if err != nil {
			return err
		}
		var version int64
		for _, st := range steps {
			if st.Applied {
				version = st.Version
			}
		}
		return say(c, "the database is at version %d", version)
	}
	return data(c)
}

func migrateStatusCommand() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "List the migrations", Args: nothing}
	c.RunE = func(c *cobra.Command, _ []string) error {
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
	}
	return printing(data(c))
}

func ownerSettings(c *cobra.Command) (settings, error) {
	s, err := settingsFor(c, "GATEHOUSE_DATABASE_OWNER_URL")
	if err != nil {
		return s, err
	}
	var p problems
	needPostgres(&p, "GATEHOUSE_DATABASE_OWNER_URL", s.OwnerURL)
	return s, p.err()
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
