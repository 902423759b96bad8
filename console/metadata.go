package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// showMetadata is our SAML metadata for a connection. Nothing in it is secret, and what is not there looks the same whatever the reason.
func (c *Console) showMetadata(ctx echo.Context) error {
	var connection id.Connection
	if err := connection.UnmarshalText([]byte(ctx.Param("connection"))); err != nil || connection.IsZero() {
		return errs.NotFound("connection")
	}
	doc, err := c.signIn.Publish(ctx.Request().Context(), connection)
	if err != nil {
		return err
	}
	// Short: while a key is being replaced, a provider that looks again has to see the next one.
	ctx.Response().Header().Set("Cache-Control", "public, max-age=300")
	ctx.Response().Header().Set("X-Content-Type-Options", "nosniff")
	return ctx.Blob(http.StatusOK, "application/samlmetadata+xml", doc)
}
