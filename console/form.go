package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

var errForm = errs.New(errs.BadRequest, "malformed_form", "The form could not be read. Go back and try again.")

// formOf reads a posted form. Fields come from the body alone, each once.
func formOf(ctx echo.Context) (url.Values, error) {
	r := ctx.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errs.New(errs.UnsupportedMedia, "content_type", "This address reads a form.")
	}
	if err := r.ParseForm(); err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return nil, err
		}
		return nil, errForm.Because(err)
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return nil, errForm
		}
	}
	return r.PostForm, nil
}

// uploadOf reads a posted form that has a file: its fields, each once, and the file, which may be missing.
func uploadOf(ctx echo.Context, file string) (url.Values, []byte, error) {
	r := ctx.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, errs.New(errs.UnsupportedMedia, "content_type", "This address reads a form with a file.")
	}
	if err := r.ParseMultipartForm(maxMetadata); err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return nil, nil, err
		}
		return nil, nil, errForm.Because(err)
	}
	for name, values := range r.MultipartForm.Value {
		// Browsers send a file that nobody chose as an empty one without a name, which reads as a field.
		if len(values) > 1 || name == file && values[0] != "" {
			return nil, nil, errForm
		}
	}
	delete(r.MultipartForm.Value, file)
	sent := r.MultipartForm.File[file]
	if len(r.MultipartForm.File) > 1 || len(sent) > 1 {
		return nil, nil, errForm
	}
	if len(sent) == 0 {
		return r.MultipartForm.Value, nil, nil
	}
	f, err := sent[0].Open()
	if err != nil {
		return nil, nil, errForm.Because(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f) // in memory already, and no larger than the body may be
	if err != nil {
		return nil, nil, errForm.Because(err)
	}
	return r.MultipartForm.Value, content, nil
}

// seeOther sends the browser to a path of our own, or to the start if it is none; the next request is a GET.
func (c *Console) seeOther(ctx echo.Context, path string) error {
	return c.redirect(ctx, web.SafeReturn(path))
}

// redirect is for paths that no request had a say in.
func (c *Console) redirect(ctx echo.Context, path string) error {
	ctx.Response().Header().Set("Location", c.prefix+path)
	return ctx.NoContent(http.StatusSeeOther)
}
