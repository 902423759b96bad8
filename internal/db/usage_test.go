package db_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

func TestTheUsagePoolWritesUsageAndNothingElse(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	u, err := h.OpenUsage(t.Context(), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	err = u.Tx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE usage_watermark SET folded_at = now()")
		return err
	})
	if err != nil {
		t.Errorf("the usage pool cannot write the watermark: %v", err)
	}
	for _, sql := range []string{"SELECT * FROM memberships", "SELECT * FROM tenants", "SELECT * FROM users", "SELECT * FROM river_job", "INSERT INTO events DEFAULT VALUES"} {
		err := u.Conn(t.Context(), func(c *pgx.Conn) error {
			_, err := c.Exec(t.Context(), sql)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s through the usage pool = %v, want permission denied", sql, err)
		}
	}
}

func TestAConnectionThatIsNotReadyIsNotLent(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	u, err := h.OpenUsage(t.Context(), 1, func(context.Context, *pgx.Conn) error { return errors.New("not this one") })
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	err = u.Conn(t.Context(), func(*pgx.Conn) error { return nil })
	if errs.As(err).Code != "database_unavailable" {
		t.Errorf("Conn() = %v, want database_unavailable", err)
	}
}

// TestOnlyTheRecorderHoldsTheWriterRole reads the sources: who opens the pool, who holds it, and who names its role.
func TestOnlyTheRecorderHoldsTheWriterRole(t *testing.T) {
	t.Parallel()
	may := map[string][]string{
		`\bgatehouse_usage\b`: {"bench", "internal/db", "migrations"}, // the benchmark makes partitions of a database of its own
		`\.OpenUsage\(`:       {"billing/usage"},
		`\busage\.Open\(`:     {".", "bench", "cmd/gatehouse"}, // the command seals
		`\bdb\.Usage\b`:       {".", "bench", "billing/usage", "billing/quota"},
	}
	root := filepath.Join("..", "..")
	got := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for what, where := range may {
			if code(string(text), regexp.MustCompile(what)) && !slices.Contains(where, filepath.ToSlash(dir)) {
				got[what] = append(got[what], path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{}, got); diff != "" {
		t.Errorf("who else holds the writer's role (-want +got):\n%s", diff)
	}
}

// code says that a text is somewhere outside a comment.
func code(source string, what *regexp.Regexp) bool {
	for line := range strings.Lines(source) {
		before, _, _ := strings.Cut(line, "//")
		if what.MatchString(before) {
			return true
		}
	}
	return false
}

// Postgres ends a COPY neither by statement_timeout nor by that of an idle transaction while it waits for its client.
func TestAWriterThatStandsStillIsEnded(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	u, err := h.OpenUsage(t.Context(), 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	rest, half := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- u.Conn(t.Context(), func(c *pgx.Conn) error {
			_, err := c.PgConn().CopyFrom(t.Context(), rest, "COPY usage_keys FROM STDIN")
			return err
		})
	}()
	if _, err := half.Write([]byte("no whole line")); err != nil {
		t.Fatal(err)
	}
	if n, err := u.EndStalled(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("EndStalled(1h) = %d, %v, want 0: it has not stood still for long", n, err)
	}
	n := int64(0)
	for end := time.Now().Add(10 * time.Second); n == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if n, err = u.EndStalled(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Fatalf("EndStalled(0) = %d, want the one that stands still", n)
	}
	_ = half.Close()
	if err := <-ended; errs.As(err).Kind != errs.Unavailable {
		t.Errorf("the COPY = %v, want unavailable", err)
	}
}
