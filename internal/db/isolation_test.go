package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestDB_03_WithoutATenantThereAreNoRows(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	c := dial(t, h.urls.URL)
	if _, err := c.Exec(t.Context(), "SELECT count(*) FROM memberships"); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a query outside a scope = %v, want permission denied", err)
	}
	for name, tt := range map[string]struct {
		enter   []string
		refused bool // even reading
	}{
		"never set":                     {nil, false},
		"empty":                         {[]string{"SET LOCAL app.tenant_id = ''"}, false},
		"after an earlier transaction":  {[]string{"SET LOCAL app.tenant_id = '" + h.v.UUID().String() + "'", "COMMIT", "BEGIN"}, false},
		"malformed":                     {[]string{"SET LOCAL app.tenant_id = 'evil'"}, true},
		"SQL instead of a tenant":       {[]string{"SET LOCAL app.tenant_id = ''' OR true --'"}, true},
		"null, as far as it can be set": {[]string{"SELECT set_config('app.tenant_id', NULL, true)"}, false},
	} {
		run := func(sql string) (int64, error) {
			steps := append([]string{"BEGIN"}, tt.enter...)
			for _, s := range append(steps, "SET LOCAL ROLE gatehouse_tenant") {
				if _, err := c.Exec(t.Context(), s); err != nil {
					t.Fatalf("%s: %s: %v", name, s, err)
				}
			}
			tag, err := c.Exec(t.Context(), sql)
			if _, err := c.Exec(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			return tag.RowsAffected(), err
		}
		for _, sql := range []string{"SELECT * FROM memberships", "SELECT * FROM tenants", "UPDATE memberships SET name = 'x'", "DELETE FROM sessions"} {
			if n, err := run(sql); n != 0 || (err != nil) != tt.refused {
				t.Errorf("%s: %s = %d rows, %v, want none", name, sql, n, err)
			}
		}
		if _, err := run("INSERT INTO domains (id, domain, status, created_at) VALUES (gen_random_uuid(), 'x.example', 'pending', now())"); err == nil {
			t.Errorf("%s: INSERT = nil, want an error", name)
		}
	}
}

// slugs is what a scope sees of the tenants, and the setting that it runs under.
func slugs(g *gorm.DB) (string, error) {
	var s string
	err := g.Raw("SELECT COALESCE(string_agg(DISTINCT name, ','), '') || ' ' || current_setting('app.tenant_id') FROM memberships").Scan(&s).Error
	return s, err
}

func TestDB_04_NothingLeaksThroughThePool(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{MaxConns: 2})
	want := map[id.Tenant]string{h.e: "evil " + h.e.UUID().String(), h.v: "victim " + h.v.UUID().String()}
	failed := errors.New("rolled back")
	var wg sync.WaitGroup
	for i := range 500 {
		tenant := []id.Tenant{h.e, h.v}[i%2]
		wg.Go(func() {
			defer func() { _ = recover() }() // the panic is ours
			if i%5 == 4 {
				err := h.System(t.Context(), func(tx *db.SystemTx) error {
					got, err := slugs(tx.DB)
					if err == nil && got != "evil,victim " {
						t.Errorf("a system scope sees %q, want both and no tenant", got)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				return
			}
			err := h.Tenant(t.Context(), tenant, func(tx *db.TenantTx) error {
				got, err := slugs(tx.DB)
				if err != nil || got != want[tenant] {
					t.Errorf("scope of %s sees %q, %v, want %q", tenant, got, err, want[tenant])
				}
				switch i % 4 {
				case 0:
					return failed
				case 1:
					panic("halfway")
				case 2:
					_ = tx.DB.Exec("SELECT broken").Error
					return failed
				}
				return nil
			})
			if err != nil && !errors.Is(err, failed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := h.Stat().AcquiredConns(); n != 0 {
		t.Errorf("connections still in use = %d, want 0", n)
	}
}

func TestDB_06_ATenantIsAnIdAndNothingElse(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	never := func(*db.TenantTx) error { t.Error("a scope without a tenant ran"); return nil }
	if err := h.Tenant(t.Context(), id.Tenant{}, never); err == nil {
		t.Error("Tenant(zero) = nil, want an error")
	}
	err := h.Admit(t.Context(), id.Tenant{}, func(_ *db.SystemTx, tx *db.TenantTx) error { return never(tx) })
	if err == nil {
		t.Error("Admit(zero) = nil, want an error")
	}
	err = h.Tenant(t.Context(), id.New[id.Tenant](), func(tx *db.TenantTx) error {
		list, err := db.Of[member](tx.DB).Find(t.Context())
		if err == nil && len(list) != 0 {
			t.Errorf("an unknown tenant sees %d rows, want 0", len(list))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDB_07_DB_08_ARowCannotBeMovedIntoAnotherTenant(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	before := h.state(t, h.v)
	for name, do := range map[string]func(*gorm.DB) *gorm.DB{
		"update": func(g *gorm.DB) *gorm.DB {
			return g.Exec("UPDATE memberships SET tenant_id = ? WHERE id = ?", h.v, h.ofE[0].ID)
		},
		"insert": func(g *gorm.DB) *gorm.DB {
			return g.Exec(`INSERT INTO domains (tenant_id, id, domain, status, created_at) VALUES (?, ?, 'x.example', 'pending', now())`,
				h.v, id.New[id.Domain]())
		},
		"insert on conflict": func(g *gorm.DB) *gorm.DB {
			return g.Exec(`INSERT INTO memberships (tenant_id, id, user_id, role, status, email, source, created_at, updated_at)
				VALUES (?, ?, ?, 'owner', 'active', 'eve@evil.example', 'seed', now(), now())
				ON CONFLICT (tenant_id, id) DO UPDATE SET email = EXCLUDED.email`, h.v, h.ofV[0].ID, h.ofE[0].UserID)
		},
		"reference": func(g *gorm.DB) *gorm.DB { // TEN-05
			return g.Exec("INSERT INTO sign_in_links (id, membership_id, hash, created_at, expires_at) VALUES (?, ?, '', now(), now())",
				id.New[id.Link](), h.ofV[0].ID)
		},
	} {
		err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error { return do(tx.DB).Error })
		if err == nil {
			t.Errorf("%s: nil, want a refusal", name)
			continue
		}
		if shown := errs.As(err).Detail; strings.Contains(shown, h.ofV[0].Email) || strings.Contains(shown, h.v.UUID().String()) {
			t.Errorf("%s: %q, want nothing of the victim", name, shown)
		}
	}
	if diff := cmp.Diff(before, h.state(t, h.v)); diff != "" {
		t.Errorf("rows of the victim (-before +after):\n%s", diff)
	}
}

func TestDB_09_AGlobalNameIsRefusedNeutrally(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		return tx.DB.Exec("UPDATE tenants SET slug = 'victim' WHERE id = ?", tx.Tenant).Error
	})
	e := errs.As(err)
	if e.Kind != errs.Conflict || e.Code != "slug_taken" || strings.Contains(e.Detail, "victim") {
		t.Errorf("rename to a taken slug = %v (%q), want slug_taken", err, e.Detail)
	}
}

func TestDB_10_WhatGoesAroundPoliciesIsClosed(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	for _, role := range []func(string) error{
		func(sql string) error {
			return h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error { return tx.DB.Exec(sql).Error })
		},
		func(sql string) error {
			return h.System(t.Context(), func(tx *db.SystemTx) error { return tx.DB.Exec(sql).Error })
		},
	} {
		for _, sql := range []string{
			"TRUNCATE memberships", "TRUNCATE events", "ALTER TABLE memberships DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant_rows ON memberships",
			"CREATE TABLE public.mine (n int)", "COPY memberships TO PROGRAM 'cat'", "COPY memberships TO '/tmp/x'", "SELECT pg_read_file('PG_VERSION')",
			"SET LOCAL ROLE gatehouse_owner", "CREATE RULE r AS ON SELECT TO memberships DO INSTEAD NOTHING",
		} {
			if err := role(sql); err == nil {
				t.Errorf("%s = nil, want a refusal", sql)
			}
		}
	}
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error { return tx.DB.Exec("SELECT 1 FROM users").Error })
	if err == nil {
		t.Error("a tenant reads users, want a refusal")
	}
}

func TestDB_25_WhatTextCannotHoldIsInvalidInput(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	for name, bad := range map[string]string{"NUL": "a\x00b", "invalid UTF-8": "a\xffb"} {
		err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
			return tx.DB.Exec("UPDATE memberships SET name = ? WHERE tenant_id = ?", bad, tx.Tenant).Error
		})
		if e := errs.As(err); e.Kind != errs.Invalid {
			t.Errorf("%s: %v, want kind Invalid", name, err)
		}
	}
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		return tx.DB.Exec(`SELECT ?::jsonb`, `{"a": "\u0000"}`).Error
	})
	if e := errs.As(err); e.Kind != errs.Invalid {
		t.Errorf("NUL in jsonb: %v, want kind Invalid", err)
	}
}

func TestDB_23_ParametersTravelApart(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	if mode := h.Config().DefaultQueryExecMode.String(); mode == "simple protocol" {
		t.Errorf("DefaultQueryExecMode = %s, want an extended one", mode)
	}
	// A negative number behind a minus sign makes a comment where a driver writes parameters into the text.
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		var got string
		err := tx.DB.Raw("SELECT (1 -?)::text || ?", -1, "\n' OR true --").Scan(&got).Error
		if err == nil && got != "2\n' OR true --" {
			t.Errorf("SELECT = %q, want the parameters as they were", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnAbsentDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := h.Tenant(ctx, h.e, func(*db.TenantTx) error { return fmt.Errorf("ran") })
	if e := errs.As(err); e.Kind != errs.Unavailable || e.RetryAfter == 0 {
		t.Errorf("Tenant() = %v, want kind Unavailable with RetryAfter", err)
	}
}
