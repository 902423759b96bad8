package web_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

var errRemembered = errs.New(errs.Conflict, "remembered", "This is remembered.")

// moving adds rows that change the tenant, each in another way.
func (b *bench) moving() {
	b.Helper()
	change := func(_ context.Context, tx *db.TenantTx, _ web.None) (web.None, error) {
		tx.Changed("tenant")
		return web.None{}, nil
	}
	raw := func(then func(echo.Context) error) web.Handler {
		return web.Raw(func(c echo.Context) error {
			ctx := c.Request().Context()
			if err := b.db.Tenant(ctx, b.tenant.ID, func(tx *db.TenantTx) error { _, err := change(ctx, tx, web.None{}); return err }); err != nil {
				return err
			}
			return then(c)
		})
	}
	var err error
	b.echo, err = b.server.Echo(web.Table{
		web.Post("/v1/moves/tenant", write, web.Tenant(change)).Idempotent(),
		web.Post("/v1/moves/prepared", write, web.Prepared(
			func(context.Context, web.None) (string, error) { return "known", nil },
			func(ctx context.Context, tx *db.TenantTx, in web.None, _ string) (web.None, error) {
				return change(ctx, tx, in)
			})).Idempotent(),
		web.Post("/v1/moves/kept", write, web.Tenant(func(ctx context.Context, tx *db.TenantTx, in web.None) (web.None, error) {
			_, err := change(ctx, tx, in)
			return web.None{}, db.Keep(errs.As(errRemembered).Because(err))
		})),
		web.Post("/v1/moves/json", write, raw(func(c echo.Context) error { return c.JSON(http.StatusOK, thing{}) })),
		web.Post("/v1/moves/nothing", write, raw(func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })),
		web.Post("/v1/moves/fails", write, raw(func(echo.Context) error { return errRemembered })),
		web.Post("/v1/moves/panics", write, raw(func(echo.Context) error { panic("at the end") })),
		web.Post("/moves", write, raw(func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/") })),
		web.Post("/v1/stays/refused", write, web.Tenant(func(ctx context.Context, tx *db.TenantTx, in web.None) (web.None, error) {
			_, err := change(ctx, tx, in)
			return web.None{}, errs.As(errRemembered).Because(err)
		})),
		web.Post("/v1/stays/raw", write, web.Raw(func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })),
	})
	if err != nil {
		b.Fatalf("Echo = %v", err)
	}
}

// version is the tenant's, as a client is told it.
func (b *bench) version() string {
	b.Helper()
	var version int64
	err := b.db.Tenant(b.Context(), b.tenant.ID, func(tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT version FROM tenant_state WHERE tenant_id = ?", tx.Tenant).Scan(&version).Error
	})
	if err != nil {
		b.Fatalf("read the version: %v", err)
	}
	return b.access.VersionText(b.tenant.ID, version)
}

func TestEveryAnswerToAChangeSaysWhichVersionItMade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.moving()
	for _, row := range []struct {
		path   string
		status int
	}{
		{"/v1/moves/tenant", 204},
		{"/v1/moves/prepared", 204},
		{"/v1/moves/kept", 409},
		{"/v1/moves/json", 200},
		{"/v1/moves/nothing", 204},
		{"/v1/moves/fails", 409},
		{"/v1/moves/panics", 500},
		{"/moves", 303},
	} {
		before := b.version()
		got := b.do("POST", row.path, "", asMember()...)
		if told, made := got.Header().Get("Gatehouse-Version"), b.version(); got.Code != row.status || told != made || made == before {
			t.Errorf("POST %s = %d with the version %q, want %d with %q, which is not %q", row.path, got.Code, told, row.status, made, before)
		}
	}
	for _, path := range []string{"/v1/stays/refused", "/v1/stays/raw"} {
		if got := b.do("POST", path, "", asMember()...).Header().Values("Gatehouse-Version"); len(got) > 0 {
			t.Errorf("POST %s, which changes nothing, has the version %q", path, got)
		}
	}
}

func TestARepeatedAnswerHasAVersionThatHasTheChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.moving()
	for _, path := range []string{"/v1/moves/tenant", "/v1/moves/prepared"} {
		once := asMember("Idempotency-Key", "for "+path)
		b.do("POST", path, "", once...).want(t, "the first", 204, "")
		b.do("POST", "/v1/moves/json", "", asMember()...).want(t, "another change", 200, "")
		now := b.version()
		for range 2 {
			again := b.do("POST", path, "", once...)
			told, replayed := again.Header().Get("Gatehouse-Version"), again.Header().Get("Idempotency-Replayed")
			if told != now || replayed != "true" || b.version() != now {
				t.Errorf("POST %s again has the version %q, replayed %q, want that of now, %q", path, told, replayed, now)
			}
		}
	}
}
