package testdb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

func exec(tb testing.TB, url, sql string) {
	tb.Helper()
	conn := connect(tb, url)
	defer func() { _ = conn.Close(tb.Context()) }()
	if _, err := conn.Exec(tb.Context(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

func texts(tb testing.TB, url, sql string) []string {
	tb.Helper()
	conn := connect(tb, url)
	defer func() { _ = conn.Close(tb.Context()) }()
	rows, err := conn.Query(tb.Context(), sql)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return got
}

func TestTwoDatabasesAreIsolated(t *testing.T) {
	t.Parallel()
	one, two := testdb.New(t), testdb.New(t)
	exec(t, one.OwnerURL, "CREATE TABLE mine (n int)")
	const sql = "SELECT relname::text FROM pg_class WHERE relname = 'mine'"
	if got := texts(t, one.AdminURL, sql); len(got) != 1 {
		t.Errorf("tables named mine in the first database = %v, want one", got)
	}
	if got := texts(t, two.AdminURL, sql); len(got) != 0 {
		t.Errorf("tables named mine in the second database = %v, want none", got)
	}
}

func TestEachURLLogsInAsItsRole(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	const sql = "SELECT current_user || CASE WHEN rolsuper THEN ' (superuser)' ELSE '' END FROM pg_roles WHERE rolname = current_user"
	var got []string
	for _, url := range []string{db.URL, db.OwnerURL, db.AdminURL} {
		got = append(got, texts(t, url, sql)...)
	}
	if diff := cmp.Diff([]string{"gatehouse_app", "gatehouse_owner", "postgres (superuser)"}, got); diff != "" {
		t.Errorf("roles of the URLs (-want +got):\n%s", diff)
	}
}

func TestAllRolesExist(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	// The server is kept, and a test that was interrupted may have left a role of its own.
	got := texts(t, db.AdminURL, `SELECT rolname::text FROM pg_roles
		WHERE starts_with(rolname, 'gatehouse_') AND NOT starts_with(rolname, 'gatehouse_test_') ORDER BY 1`)
	want := []string{
		"gatehouse_app", "gatehouse_jobs", "gatehouse_owner", "gatehouse_system", "gatehouse_tenant", "gatehouse_usage",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestTheDatabaseIsMigratedAndOwned(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	got := texts(t, db.AdminURL, `SELECT tableowner::text FROM pg_tables WHERE schemaname = 'public' AND tablename = 'tenants'`)
	if diff := cmp.Diff([]string{"gatehouse_owner"}, got); diff != "" {
		t.Errorf("owner of the table tenants (-want +got):\n%s", diff)
	}
	exec(t, db.OwnerURL, "CREATE TABLE more (n int)")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	for range 10 {
		t.Run("one of many", func(t *testing.T) {
			t.Parallel()
			db := testdb.New(t)
			if got := texts(t, db.URL, "SELECT current_user::text"); got[0] != "gatehouse_app" {
				t.Errorf("current_user = %q, want gatehouse_app", got)
			}
		})
	}
}

func TestTheDatabaseGoesWithItsTestEvenWhileInUse(t *testing.T) {
	t.Parallel()
	keep := testdb.New(t) // keeps the server running
	var name string
	t.Run("inner", func(t *testing.T) {
		db := testdb.New(t)
		connect(t, db.URL) // and does not close it
		name = texts(t, db.AdminURL, "SELECT current_database()::text")[0]
	})
	if got := texts(t, keep.AdminURL, "SELECT datname::text FROM pg_database WHERE datname = '"+name+"'"); len(got) != 0 {
		t.Errorf("databases after the test = %v, want none of it", got)
	}
}
