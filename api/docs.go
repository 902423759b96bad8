package api

import (
	"bytes"
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"

	"github.com/seed-2a059015/gatehouse/api/problems"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI returns the description of the API, as /openapi.yaml serves it.
func OpenAPI() []byte { return bytes.Clone(openAPI) }

//go:embed reference
var reference embed.FS

// referencePolicy is looser than that of other pages in one thing: Swagger UI sets styles and draws its icons from data URLs.
const referencePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func (a *API) openAPI(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.Blob(http.StatusOK, "application/yaml; charset=utf-8", openAPI)
}

func (a *API) docs(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy", referencePolicy)
	return serveReference(c, "index.html")
}

// problems explains every code; the type of a problem document points here.
func (a *API) problems(c echo.Context) error {
	page, err := problems.HTML()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.HTMLBlob(http.StatusOK, page)
}

// docsFile serves the files of the page: ours, and those of Swagger UI.
func (a *API) docsFile(c echo.Context) error {
	name := c.Param("file")
	switch name {
	case "reference.js", "reference.css", "problems.css":
		return serveReference(c, name)
	case "swagger-ui.css", "swagger-ui-bundle.js":
		c.Response().Header().Set("Cache-Control", "public, max-age=86400")
		req := c.Request().Clone(c.Request().Context())
		req.URL.Path, req.URL.RawPath = "/"+name, ""
		statigz.FileServer(static.FS).ServeHTTP(c.Response(), req)
		return nil
	}
	return errs.NotFound("resource")
}

func serveReference(c echo.Context, name string) error {
	b, err := reference.ReadFile("reference/" + name)
	if err != nil {
		return errs.NotFound("resource").Because(err)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	http.ServeContent(c.Response(), c.Request(), strings.TrimPrefix(name, "/"), time.Time{}, bytes.NewReader(b))
	return nil
}
