package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/migrations"
)

func (a *API) jwks(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=60")
	return c.Blob(http.StatusOK, "application/json", a.Sessions.JWKS())
}

func (a *API) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says only whether requests can be served; what is missing is for the operator's log.
func (a *API) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	if err := a.Ready(ctx); err != nil {
		return errs.New(errs.Unavailable, "not_ready", "The server is not ready.").Because(err)
	}
	return c.String(http.StatusOK, "ready\n")
}

// Ready says what keeps the server from serving: the database, its schema, the catalog or the signing keys.
func (a *API) Ready(ctx context.Context) error {
	version, err := a.DB.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if version < migrations.Latest() {
		return errs.New(errs.Unavailable, "schema_behind", "The database has an older schema: run gatehouse migrate up.")
	}
	if c, _ := a.Access.Catalog(); c == nil {
		return errs.New(errs.Unavailable, "no_catalog", "No catalog is in force.")
	}
	return a.Keys.Ready()
}
