package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

//go:embed static
var staticFiles embed.FS

// asset is one file of static/, known by the only path that serves it.
type asset struct {
	kind string
	body []byte
}

// assets has the files by their public names, and the public names by the files'. A look-up in a map cannot climb out of a folder.
type assets struct {
	prefix string
	byName map[string]asset
	names  map[string]string
}

// assetURLs are what templates link to.
type assetURLs struct{ Style, Logo, Google string }

func kinds() map[string]string {
	return map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
}

func loadAssets(prefix string) (*assets, error) {
	a := &assets{prefix: prefix, byName: map[string]asset{}, names: map[string]string{}}
	files, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("console: static files: %w", err)
	}
	for _, f := range files {
		body, err := staticFiles.ReadFile(path.Join("static", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("console: static file: %w", err)
		}
		ext := path.Ext(f.Name())
		kind, known := kinds()[ext]
		if !known {
			return nil, fmt.Errorf("console: static file %s has no content type", f.Name())
		}
		sum := sha256.Sum256(body)
		public := strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.byName[public], a.names[f.Name()] = asset{kind, body}, public
	}
	return a, nil
}

// url is the public path of a file, "" for none.
func (a *assets) url(file string) string {
	if public, ok := a.names[file]; ok {
		return a.prefix + "/static/" + public
	}
	return ""
}

func (a *assets) urls() assetURLs {
	return assetURLs{Style: a.url("gatehouse.css"), Logo: a.url("logo.svg"), Google: a.url("google.svg")}
}

// serve answers GET /static/{file}. The name changes with the content, so the answer may be kept for good.
func (a *assets) serve(ctx echo.Context) error {
	found, ok := a.byName[ctx.Param("file")]
	if !ok {
		return errs.NotFound("file")
	}
	h := ctx.Response().Header()
	h.Set("Content-Type", found.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(ctx.Response(), ctx.Request(), "", time.Time{}, bytes.NewReader(found.body))
	return nil
}
