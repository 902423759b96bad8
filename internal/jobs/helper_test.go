package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// canceled is spelled otherwise by River.
const canceled = string(rivertype.JobStateCancelled)

// bench is a database with two tenants.
type bench struct {
	db   *db.DB
	urls *testdb.DB
	a, b id.Tenant
}

func setup(tb testing.TB) bench {
	tb.Helper()
	urls := testdb.New(tb)
	d, err := db.Open(tb.Context(), db.Config{URL: urls.URL, MaxConns: 4})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	b := bench{db: d, urls: urls, a: id.New[id.Tenant](), b: id.New[id.Tenant]()}
	for slug, t := range map[string]id.Tenant{"alpha": b.a, "beta": b.b} {
		b.system(tb, `INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at) VALUES (?, ?, ?, 'active', 'free', now(), now())`, t, slug, slug)
	}
	return b
}

func (b bench) system(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	err := b.db.System(tb.Context(), func(tx *db.SystemTx) error { return tx.DB.Exec(sql, args...).Error })
	if err != nil {
		tb.Fatal(err)
	}
}

// text is the answer to a query of one text, as superuser.
func (b bench) text(tb testing.TB, sql string) string {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), b.urls.AdminURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = c.Close(tb.Context()) }()
	var s string
	if err := c.QueryRow(tb.Context(), sql).Scan(&s); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (b bench) enqueue(tb testing.TB, tenant id.Tenant, args jobs.Args) {
	tb.Helper()
	err := b.db.Tenant(tb.Context(), tenant, func(tx *db.TenantTx) error { return jobs.Enqueue(tb.Context(), tx, args) })
	if err != nil {
		tb.Fatal(err)
	}
}

// run starts a runner and returns what it logs. stop ends it and waits; it is called at the end of the test too.
func (b bench) run(tb testing.TB, cfg jobs.Config) (log *buffer, stop func()) {
	tb.Helper()
	log = new(buffer)
	cfg.Conn, cfg.Log = b.db.Config(), slog.New(slog.NewJSONHandler(log, nil))
	r, err := jobs.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run() = %v, want nil", err)
		}
	})
	tb.Cleanup(stop)
	return log, stop
}

// eventually waits until the query answers want.
func (b bench) eventually(tb testing.TB, sql, want string) {
	tb.Helper()
	got := ""
	for range 200 {
		if got = b.text(tb, sql); got == want {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("%s = %q, want %q", sql, got, want)
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) lines(with string) []string {
	var out []string
	for l := range strings.Lines(b.String()) {
		if strings.Contains(l, with) {
			out = append(out, l)
		}
	}
	return out
}

type note struct {
	Text string `json:"text"`
}

func (note) Kind() string { return "note" }
