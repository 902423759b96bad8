package db_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// member is a row of a tenant table, as feature packages map them: without the tenant.
type member struct {
	ID        id.Membership `gorm:"primaryKey"`
	UserID    id.User
	Role      string
	Status    string
	Email     string
	Name      string
	Source    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (member) TableName() string { return "memberships" }

// house is a database with two tenants, E who attacks and V who is attacked, with two members each.
type house struct {
	*db.DB
	urls *testdb.DB
	e, v id.Tenant
	ofE  []member
	ofV  []member
}

func build(tb testing.TB, cfg db.Config) *house {
	tb.Helper()
	urls := testdb.New(tb)
	cfg.URL = urls.URL
	d, err := db.Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	h := &house{DB: d, urls: urls, e: id.New[id.Tenant](), v: id.New[id.Tenant]()}
	h.ofE, h.ofV = h.move(tb, h.e, "evil"), h.move(tb, h.v, "victim")
	return h
}

// move makes a tenant with an owner and a viewer.
func (h *house) move(tb testing.TB, tenant id.Tenant, slug string) []member {
	tb.Helper()
	var list []member
	err := h.Admit(tb.Context(), tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		err := sys.DB.Exec(`INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
			VALUES (?, ?, ?, 'active', 'free', ?, ?)`, tenant, slug, slug, tx.Now, tx.Now).Error
		if err != nil {
			return err
		}
		if err := tx.DB.Exec("INSERT INTO tenant_state (version) VALUES (1)").Error; err != nil {
			return err
		}
		for _, role := range []string{"owner", "viewer"} {
			m := member{
				ID: id.New[id.Membership](), UserID: id.New[id.User](), Role: role, Status: "active",
				Email: role + "@" + slug + ".example", Name: slug, Source: "seed", CreatedAt: tx.Now, UpdatedAt: tx.Now,
			}
			if err := sys.DB.Exec("INSERT INTO users (id, created_at) VALUES (?, ?)", m.UserID, tx.Now).Error; err != nil {
				return err
			}
			if err := db.Of[member](tx.DB).Create(tb.Context(), &m); err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// state is all rows of a tenant's members as one text, read as superuser.
func (h *house) state(tb testing.TB, tenant id.Tenant) string {
	tb.Helper()
	return h.text(tb, "SELECT COALESCE(string_agg(m::text, E'\n' ORDER BY id), '') FROM memberships m WHERE tenant_id = $1", tenant.UUID())
}

// text is the answer to a query of one text, as superuser.
func (h *house) text(tb testing.TB, sql string, args ...any) string {
	tb.Helper()
	var s string
	if err := dial(tb, h.urls.AdminURL).QueryRow(tb.Context(), sql, args...).Scan(&s); err != nil {
		tb.Fatal(err)
	}
	return s
}

func dial(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(tb.Context()) })
	return c
}
