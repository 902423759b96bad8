package apitest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Snapshot is the rows of the database: of each table how many there are, and a hash of all of them.
type Snapshot map[string]string

// Snapshot takes the rows of all tables but those of the job queue and of the log of decisions, which are written beside requests.
func (s *Server) Snapshot(tb testing.TB) Snapshot {
	tb.Helper()
	return s.snapshot(tb, "TRUE")
}

// SnapshotOf takes the rows of one tenant, on its tables and on those that say what is whose. Other tests may run beside.
func (s *Server) SnapshotOf(tb testing.TB, tenant id.Tenant) Snapshot {
	tb.Helper()
	return s.snapshot(tb, "tenant_id = '"+tenant.UUID().String()+"'")
}

func (s *Server) snapshot(tb testing.TB, where string) Snapshot {
	tb.Helper()
	ctx := tb.Context()
	all := Snapshot{}
	must(tb, pgx.BeginFunc(ctx, s.Admin, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
			return err
		}
		tables, err := tablesOf(ctx, tx, where != "TRUE")
		if err != nil {
			return err
		}
		for _, table := range tables {
			var rows string
			query := fmt.Sprintf(`SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM %s t WHERE %s`,
				pgx.Identifier{table}.Sanitize(), where)
			if err := tx.QueryRow(ctx, query).Scan(&rows); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			all[table] = rows
		}
		return nil
	}))
	return all
}

// tablesOf leaves out what changes by itself a moment after a request, or without any: jobs, the log of decisions, and the sums of usage.
func tablesOf(ctx context.Context, tx pgx.Tx, ofTenants bool) ([]string, error) {
	query := `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE ALL ('{river\\_%,usage\\_%}') AND c.relname <> 'decisions'`
	if ofTenants {
		query += ` AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')`
	}
	rows, err := tx.Query(ctx, query+" ORDER BY 1")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Changed lists the tables that differ, without those that are excepted; empty if nothing changed.
func (s Snapshot) Changed(later Snapshot, except ...string) string {
	var lines []string
	for _, table := range slices.Sorted(maps.Keys(s)) {
		if s[table] != later[table] && !slices.Contains(except, table) {
			lines = append(lines, fmt.Sprintf("%s: %s before, %s after", table, s[table], later[table]))
		}
	}
	return strings.Join(lines, "\n")
}

// Events counts the events of a tenant.
func (s *Server) Events(tb testing.TB, tenant id.Tenant) int {
	tb.Helper()
	var n int
	must(tb, s.Admin.QueryRow(tb.Context(), "SELECT count(*) FROM events WHERE tenant_id = $1", tenant.UUID().String()).Scan(&n))
	return n
}

// Version is the version of a tenant, as an answer carries it.
func (s *Server) Version(tb testing.TB, tenant id.Tenant) string {
	tb.Helper()
	var n int64
	must(tb, s.Admin.QueryRow(tb.Context(), "SELECT version FROM tenant_state WHERE tenant_id = $1", tenant.UUID().String()).Scan(&n))
	return s.versions.VersionText(tenant, n)
}
