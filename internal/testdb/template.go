package testdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/migrations"
)

// prepare makes the template of the present migrations unless it is there.
func (s server) prepare(ctx context.Context) error {
	return s.with(ctx, func(conn *pgx.Conn) error {
		// Held until the connection closes.
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", buildLock); err != nil {
			return fmt.Errorf("take turns at the template: %w", err)
		}
		var complete bool
		const query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)"
		if err := conn.QueryRow(ctx, query, template()).Scan(&complete); err != nil {
			return fmt.Errorf("look for the template: %w", err)
		}
		if complete {
			return nil
		}
		if err := s.build(ctx, conn); err != nil {
			return fmt.Errorf("build the template database: %w", err)
		}
		return nil
	})
}

// build migrates a new database and then declares it a template: one that is
// not declared is what a killed test left half-built.
func (s server) build(ctx context.Context, conn *pgx.Conn) error {
	name := template()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE template0"); err != nil {
		return err
	}
	if err := migrations.CreateRoles(ctx, s.adminURL(name), s.password); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" OWNER TO gatehouse_owner"); err != nil {
		return err
	}
	if err := migrations.Up(ctx, s.url("gatehouse_owner", name)); err != nil {
		return err
	}
	// Without connections nobody can change it or keep it from being copied.
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

type leftover struct {
	Name     string
	Template bool
}

// sweep drops what killed tests and older migrations left on a server of ours.
func (s server) sweep(ctx context.Context) error {
	return s.with(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname, datistemplate FROM pg_database
			WHERE starts_with(datname, $1) OR starts_with(datname, $2) AND datname <> $3`,
			testPrefix, templatePrefix, template())
		if err != nil {
			return err
		}
		left, err := pgx.CollectRows(rows, pgx.RowToStructByPos[leftover])
		if err != nil {
			return err
		}
		for _, l := range left {
			if l.Template { // whose drop was begun is none any more, and cannot be altered
				if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(l.Name)+" WITH IS_TEMPLATE false"); err != nil {
					return err
				}
			}
			if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(l.Name)+" WITH (FORCE)"); err != nil {
				return err
			}
		}
		return nil
	})
}
