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

	"github.com/seed-2a059015/gatehouse/console/plot"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

//go:embed static
var staticFiles embed.FS

//go:embed style
var styleFiles embed.FS

// styles are the files of style/ in the order in which the one stylesheet has them.
func styles() []string {
	return []string{"base.css", "frame.css", "parts.css", "forms.css", "sso.css", "tables.css", "states.css", "figures.css", "search.css", "manage.css", "setup.css", "guide.css", "usage.css", "modes.css"}
}

const stylesheet = "gatehouse.css"

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
		if err := a.add(f.Name(), body); err != nil {
			return nil, err
		}
	}
	style, err := joinStyles()
	if err != nil {
		return nil, err
	}
	return a, a.add(stylesheet, style)
}

// joinStyles makes one file of many, so that browsers ask once. A file that is in no order would be missing, so it is a mistake.
func joinStyles() ([]byte, error) {
	var style []byte
	for _, name := range styles() {
		text, err := styleFiles.ReadFile(path.Join("style", name))
		if err != nil {
			return nil, fmt.Errorf("console: style: %w", err)
		}
		style = append(style, text...)
	}
	style = append(style, plot.Style()...)
	if files, err := styleFiles.ReadDir("style"); err != nil || len(files) != len(styles()) {
		return nil, fmt.Errorf("console: style has %d files, and an order for %d", len(files), len(styles()))
	}
	return style, nil
}

// add publishes a file under a name with its hash.
func (a *assets) add(name string, body []byte) error {
	ext := path.Ext(name)
	kind, known := kinds()[ext]
	if !known {
		return fmt.Errorf("console: static file %s has no content type", name)
	}
	sum := sha256.Sum256(body)
	public := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.byName[public], a.names[name] = asset{kind, body}, public
	return nil
}

// url is the public path of a file, "" for none.
func (a *assets) url(file string) string {
	if public, ok := a.names[file]; ok {
		return a.prefix + "/static/" + public
	}
	return ""
}

func (a *assets) urls() assetURLs {
	return assetURLs{Style: a.url(stylesheet), Logo: a.url("logo.svg"), Google: a.url("google.svg")}
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
