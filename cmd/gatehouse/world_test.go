package main_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// world is a database as in production, and the environment that leads to it.
type world struct {
	*testdb.DB
	env []string
}

func newWorld(tb testing.TB) world {
	tb.Helper()
	d := testdb.New(tb)
	return world{d, append(secrets(),
		"GATEHOUSE_DATABASE_URL="+d.URL, "GATEHOUSE_DATABASE_OWNER_URL="+d.OwnerURL, "GATEHOUSE_BASE_URL=https://login.example.com",
		"GATEHOUSE_SMTP_URL=none", "GATEHOUSE_ADDR=127.0.0.1:0", "GATEHOUSE_METRICS_ADDR=off",
	)}
}

func secrets() []string {
	key := func() string { return base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize)) }
	return []string{"GATEHOUSE_MASTER_KEYS=k1:" + key(), "GATEHOUSE_ROOT_SECRET=" + key()}
}

// with is the environment with one variable changed; "" takes it away.
func (w world) with(name, value string) []string {
	var out []string
	for _, v := range w.env {
		if !strings.HasPrefix(v, name+"=") {
			out = append(out, v)
		}
	}
	if value != "" {
		out = append(out, name+"="+value)
	}
	return out
}

// query reads as a superuser, past all scopes, also when the test is over.
func (w world) query(tb testing.TB, sql string, args ...any) string {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, w.AdminURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	var text string
	if err := conn.QueryRow(ctx, sql, args...).Scan(&text); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return text
}

// exec changes the database as a superuser, also when the test is over.
func (w world) exec(tb testing.TB, sql string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := pgx.Connect(ctx, w.AdminURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// everything is the content of all tables, to show that nothing was changed.
func (w world) everything(tb testing.TB) string {
	tb.Helper()
	return w.query(tb, `SELECT string_agg(relname || ' ' || xml::text, chr(10) ORDER BY relname)
		FROM (SELECT relname, query_to_xml(format('SELECT * FROM %I ORDER BY 1, 2', relname), false, true, '') AS xml
			FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')) AS tables`)
}

// decode reads what a command printed with --json. Names that v does not have are mistakes: scripts hold on to them.
func decode[T any](tb testing.TB, printed string) (v T) {
	tb.Helper()
	d := json.NewDecoder(strings.NewReader(printed))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("decode %s: %v", printed, err)
	}
	return v
}

type created struct {
	Tenant  string `json:"tenant_id"`
	Slug    string `json:"slug"`
	Plan    string `json:"plan"`
	Owner   string `json:"owner_id"`
	Link    string `json:"sign_in_link"`
	Expires string `json:"sign_in_link_expires_at"`
}

type apiKey struct {
	ID         string `json:"api_key_id"`
	Name       string `json:"name"`
	Role       string `json:"role"`
	RateLimit  string `json:"rate_limit"`
	Hint       string `json:"hint"`
	Secret     string `json:"api_key"`
	ExpiresAt  string `json:"expires_at"`
	LastUsedAt string `json:"last_used_at"`
}

func (w world) tenant(tb testing.TB, slug, plan string) created {
	tb.Helper()
	return decode[created](tb, succeed(tb, w.env, "tenant", "create", "--slug", slug, "--plan", plan, "--owner", "owner@"+slug+".example", "--json"))
}

func (w world) key(tb testing.TB, slug, role string) apiKey {
	tb.Helper()
	return decode[apiKey](tb, succeed(tb, w.env, "apikey", "create", "--tenant", slug, "--role", role, "--json"))
}
