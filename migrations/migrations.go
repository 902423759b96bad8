package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

// riverVersion is the version of River's own schema that the pinned modules bring.
const riverVersion = 7

// Step is one migration and whether the database has it.
type Step struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Up brings the database to the newest schema. The URL is that of gatehouse_owner or of a role that may become it.
func Up(ctx context.Context, ownerURL string) error {
	return with(ownerURL, func(db *sql.DB, p *goose.Provider) error {
		if err := river(ctx, db); err != nil {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

// Down takes back the newest migration.
func Down(ctx context.Context, ownerURL string) error {
	return with(ownerURL, func(_ *sql.DB, p *goose.Provider) error {
		if _, err := p.Down(ctx); err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Status lists all migrations in order.
func Status(ctx context.Context, ownerURL string) ([]Step, error) {
	var steps []Step
	err := with(ownerURL, func(_ *sql.DB, p *goose.Provider) error {
		all, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("read migration status: %w", err)
		}
		for _, s := range all {
			steps = append(steps, Step{s.Source.Version, s.Source.Path, s.State == goose.StateApplied})
		}
		return nil
	})
	return steps, err
}

// Latest is the number of the newest migration in this binary.
func Latest() int64 {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		panic("migrations: nothing embedded")
	}
	v, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		panic(err)
	}
	return v
}

// Hash names the whole schema; it changes when any migration does.
func Hash() string {
	h := sha256.New()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(h, "river %d\n%s\n", riverVersion, rolesSQL)
	for _, n := range names {
		b, err := files.ReadFile(n)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(h, "%s %d\n%s", n, len(b), b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func with(url string, fn func(*sql.DB, *goose.Provider) error) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("parse the owner's database URL: %w", err)
	}
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET ROLE gatehouse_owner")
		return err
	}))
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return fn(db, p)
}

func river(ctx context.Context, db *sql.DB) error {
	m, err := rivermigrate.New(riverdatabasesql.New(db), nil)
	if err != nil {
		return fmt.Errorf("prepare River's migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate River's tables: %w", err)
	}
	return nil
}
