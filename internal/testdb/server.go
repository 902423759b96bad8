package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/migrations"
)

const (
	testPrefix     = "gatehouse_test_"
	templatePrefix = "gatehouse_template_"
	// buildLock is the advisory lock under which a template is built. Several
	// test binaries may use one server.
	buildLock = 7168012
)

// server is a Postgres server and the right to do anything on it.
type server struct {
	admin    url.URL
	password string // of the roles that log in
}

func parseServer(adminURL string) (server, error) {
	u, err := url.Parse(adminURL)
	if err != nil || u.Host == "" {
		return server{}, errors.New(serverVariable + " is not a URL like postgres://user:password@host:5432/postgres")
	}
	// All test binaries must agree on it, since the roles belong to the server.
	password, ok := u.User.Password()
	if !ok {
		password = "gatehouse-test"
	}
	return server{admin: *u, password: password}, nil
}

func (s server) adminURL(database string) string {
	u := s.admin
	u.Path = "/" + database
	return u.String()
}

func (s server) url(role, database string) string {
	u := s.admin
	u.User = url.UserPassword(role, s.password)
	u.Path = "/" + database
	return u.String()
}

// template names the database that the present migrations made.
func template() string { return templatePrefix + migrations.Hash()[:16] }

func randomName() string { return strings.ToLower(rand.Text()) }

// clone makes a database from the template. Rights and settings of the database
// itself, unlike those of all within it, are not copied.
func (s server) clone(ctx context.Context, name string) error {
	return s.do(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template())+" OWNER gatehouse_owner")
}

func (s server) drop(ctx context.Context, name string) error {
	return s.do(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
}

func (s server) do(ctx context.Context, statement string) error {
	return s.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
}

// with lends a connection to the maintenance database.
func (s server) with(ctx context.Context, use func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	return errors.Join(use(conn), conn.Close(ctx))
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
