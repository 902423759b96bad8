package console

import (
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// The forms whose settings can be tried before they are saved, by the last part of their path.
const (
	detailsForm = "details"
	mappingForm = "mapping"
)

// againSecret says that a form comes back from a try with a client secret, which is not kept.
const againSecret = "secret"

// maxRetyped bounds what is kept of a form while it is tried. The text of larger metadata has to be given again.
const maxRetyped = 256 << 10

// retyped is a form as it was typed, without its secret, so that it can be shown again after a try.
type retyped struct {
	form   string
	fields url.Values
	secret bool // there was one
}

// try begins a test of a connection as it would be with a draft. Nothing of the draft is saved.
func (c *Console) try(ctx echo.Context, v viewer, of sso.Connection, d sso.Draft, typed retyped) (sso.Redirect, error) {
	r := ctx.Request().Context()
	prepared, err := c.signIn.Prepare(r, d)
	if err != nil {
		return sso.Redirect{}, err
	}
	prepared = prepared.Noting(typed.note())
	return c.signIn.BeginTest(r, v.principal, of.ID, &prepared)
}

// note is what a test brings back, to be read by tryAgainOf.
func (t retyped) note() []byte {
	fields := maps.Clone(t.fields)
	for _, button := range []string{"try", "more", "again", "client_secret"} {
		fields.Del(button)
	}
	fields.Set("form", t.form)
	if t.secret {
		fields.Set(againSecret, "yes")
	}
	if len(fields.Encode()) > maxRetyped {
		fields.Del("metadata")
	}
	if note := []byte(fields.Encode()); len(note) <= maxRetyped {
		return note
	}
	return nil
}

// retyped is the form as fields; the text of a file stands where it could have been pasted.
func (t typedDetails) retyped() retyped {
	fields := url.Values{}
	for name, value := range map[string]string{
		"name": t.name, "source": t.source, "metadata_url": t.address, "metadata": t.document, "entity": t.entity, "entity_id": t.entityID,
		"sso_url": t.signOn, "slo_url": t.logout, "certificates": t.cert, "issuer": t.issuer, "client_id": t.client,
	} {
		if value != "" {
			fields.Set(name, value)
		}
	}
	fields.Set("version", strconv.FormatInt(t.version, 10))
	if t.public {
		fields.Set("public_client", "yes")
	}
	if t.accept {
		fields.Set("accept", "yes")
	}
	return retyped{detailsForm, fields, !t.secret.IsZero()}
}

// tryAgain is the form that was tried, hidden in the page of what was found: from there it is saved, or changed first.
type tryAgain struct {
	Path   string
	Upload bool // the form may have a file
	Secret bool // there was one, which has to be typed again
	Fields []postField
}

func tryAgainOf(d sso.DryRun) tryAgain {
	fields, err := url.ParseQuery(string(d.Note))
	form := fields.Get("form")
	if err != nil || d.Connection.ID.IsZero() || d.Connection.ID == id.Google || form != detailsForm && form != mappingForm {
		return tryAgain{}
	}
	a := tryAgain{Path: setupRoot + "/" + d.Connection.ID.String() + "/" + form, Upload: form == detailsForm, Secret: fields.Has(againSecret)}
	fields.Del("form")
	fields.Del(againSecret)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		a.Fields = append(a.Fields, postField{name, fields.Get(name)})
	}
	return a
}
