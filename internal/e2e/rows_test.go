package e2e_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// observer reads the database as a superuser, whom row-level security does not bind.
type observer string

// rows are all rows of the tables that say who people are and what they may do, as text. When a key was last used is left out, since it
// is written some time after the use.
func (o observer) rows(tb testing.TB) map[string][]string {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), string(o))
	if err != nil {
		tb.Fatalf("connect as superuser: %v", err)
	}
	defer conn.Close(tb.Context())
	all := map[string][]string{}
	for _, table := range []string{
		"users", "identities", "memberships", "sessions", "refresh_tokens", "connections", "api_keys", "domains", "tenants", "tenant_state",
	} {
		rows, err := conn.Query(tb.Context(), fmt.Sprintf("SELECT (to_jsonb(t) #- $1)::text FROM %s t ORDER BY 1", table), map[bool][]string{
			true: {"last_used_at"}, false: {},
		}[table == "api_keys"])
		if err != nil {
			tb.Fatalf("read %s: %v", table, err)
		}
		if all[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			tb.Fatalf("read %s: %v", table, err)
		}
	}
	return all
}

// unchanged demands that do changes no row.
func (o observer) unchanged(tb testing.TB, what string, do func()) {
	tb.Helper()
	before := o.rows(tb)
	if len(before["users"]) == 0 || len(before["memberships"]) == 0 {
		tb.Fatalf("before %s there are no rows to compare", what)
	}
	do()
	if diff := cmp.Diff(before, o.rows(tb)); diff != "" {
		tb.Errorf("%s changed rows (-before +after):\n%s", what, diff)
	}
}

// do executes a statement.
func (o observer) do(tb testing.TB, statement string, args ...any) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), string(o))
	if err != nil {
		tb.Fatalf("connect as superuser: %v", err)
	}
	defer conn.Close(tb.Context())
	if _, err := conn.Exec(tb.Context(), statement, args...); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}
