package db_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

func TestDB_01_DB_13_OpenRefusesARoleThatRowLevelSecurityDoesNotHold(t *testing.T) {
	t.Parallel()
	urls := testdb.New(t)
	admin := dial(t, urls.AdminURL)
	// role makes a login that differs from gatehouse_app in one thing. Roles belong to the server, so its name is its own.
	role := func(attributes string, member ...string) string {
		name := "gatehouse_test_" + strings.ToLower(id.New[id.Request]().String())
		sql := "CREATE ROLE " + name + " LOGIN PASSWORD 'pw' " + attributes
		for _, m := range member {
			sql += "; GRANT " + m + " TO " + name
		}
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx := context.WithoutCancel(t.Context())
			c, err := pgx.Connect(ctx, urls.AdminURL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close(ctx) }()
			if _, err := c.Exec(ctx, "DROP ROLE "+name); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(urls.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(name, "pw")
		return u.String()
	}
	for name, tt := range map[string]struct{ url, want string }{
		"superuser":       {urls.AdminURL, "is a superuser"},
		"owner":           {urls.OwnerURL, "owner of tables"},
		"may be owner":    {role("NOINHERIT", "gatehouse_owner", "gatehouse_tenant", "gatehouse_system"), "owner of tables"},
		"BYPASSRLS":       {role("NOINHERIT BYPASSRLS", "gatehouse_tenant", "gatehouse_system"), "BYPASSRLS"},
		"CREATEROLE":      {role("NOINHERIT CREATEROLE", "gatehouse_tenant", "gatehouse_system"), "CREATEROLE"},
		"inherits":        {role("INHERIT", "gatehouse_tenant", "gatehouse_system"), "inherits"},
		"not a member":    {role("NOINHERIT", "gatehouse_tenant"), "not a member"},
		"simple protocol": {urls.URL + "&default_query_exec_mode=simple_protocol", "simple protocol"},
	} {
		d, err := db.Open(t.Context(), db.Config{URL: tt.url})
		if err == nil {
			d.Close()
			t.Errorf("%s: Open() = nil, want a refusal", name)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || (name != "simple protocol" && !errors.Is(err, db.ErrUnsafeLogin)) {
			t.Errorf("%s: Open() = %v, want ErrUnsafeLogin because of %q", name, err, tt.want)
		}
	}
	d, err := db.Open(t.Context(), db.Config{URL: urls.URL})
	if err != nil {
		t.Fatalf("Open() as gatehouse_app = %v, want nil", err)
	}
	d.Close()
}

func TestOpenDoesNotRepeatThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://gatehouse_app:hunter2@127.0.0.1:1/x?connect_timeout=1", "postgres://gatehouse_app:hunter2@127.0.0.1:port/x",
	} {
		_, err := db.Open(t.Context(), db.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v, want an error without the password", url, err)
		}
	}
}
