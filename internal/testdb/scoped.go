package testdb

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Scoped is a database of one test with a tenant that is only a row: for packages below those that make tenants.
type Scoped struct {
	testing.TB
	DB     *db.DB    // as the server opens it
	Admin  *pgx.Conn // a superuser
	Tenant id.Tenant
}

// NewScoped returns a database for tb alone. It is closed when tb ends.
func NewScoped(tb testing.TB) *Scoped {
	tb.Helper()
	base := New(tb)
	s := &Scoped{TB: tb}
	var err error
	s.DB, err = db.Open(tb.Context(), db.Config{URL: base.URL, MaxConns: 4})
	s.Must(err)
	tb.Cleanup(s.DB.Close)
	s.Admin, err = pgx.Connect(tb.Context(), base.AdminURL)
	s.Must(err)
	tb.Cleanup(func() { _ = s.Admin.Close(context.WithoutCancel(tb.Context())) })
	s.Tenant = s.NewTenant("acme")
	return s
}

// Must ends the test if there is an error.
func (s *Scoped) Must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// NewTenant adds another tenant.
func (s *Scoped) NewTenant(slug string) id.Tenant {
	s.Helper()
	t := id.New[id.Tenant]()
	_, err := s.Admin.Exec(s.Context(), `WITH t AS (INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
		VALUES ($1, $2, 'x', 'active', 'free', now(), now()) RETURNING id) INSERT INTO tenant_state (tenant_id) SELECT id FROM t`, t.UUID(), slug)
	s.Must(err)
	return t
}
