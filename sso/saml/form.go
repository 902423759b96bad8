package saml

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Limits of what is posted to an assertion consumer service.
const (
	maxResponse   = 1 << 20
	maxForm       = 2 << 20 // a response in base64, with line breaks and escapes
	maxFields     = 20
	maxRelayState = 80 // SAML 2.0 Bindings, section 3.5.3
)

// Form is what the browser posted.
type Form struct {
	Response   []byte // the document; it proves nothing
	RelayState string // "" if there is none
}

var errForm = errors.New("not a form of the POST binding")

// ReadForm holds a request to SAML 2.0 Bindings, section 3.5.4: one SAMLResponse and at most one RelayState, in the body of an urlencoded
// POST, and nowhere else. The body can be read again afterwards. Anything else is refused.
func ReadForm(r *http.Request) (Form, error) {
	if strings.Contains(r.URL.RawQuery, "SAMLart") {
		return Form{}, sso.Refuse(sso.ArtifactUnsupported)
	}
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.URL.ForceQuery {
		return Form{}, malformed(errForm)
	}
	if !urlencoded(r.Header) {
		e := malformed(errForm)
		e.Kind = errs.UnsupportedMedia
		return Form{}, e
	}
	body, err := readBody(r)
	if err != nil {
		return Form{}, err
	}
	if bytes.Count(body, []byte("&")) >= maxFields {
		return Form{}, malformed(errForm)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return Form{}, malformed(errForm)
	}
	if fields.Has("SAMLart") {
		return Form{}, sso.Refuse(sso.ArtifactUnsupported)
	}
	responses, states := fields["SAMLResponse"], fields["RelayState"]
	if len(responses) != 1 || len(states) > 1 || fields.Has("SAMLRequest") {
		return Form{}, malformed(errForm)
	}
	form := Form{RelayState: fields.Get("RelayState")}
	if len(form.RelayState) > maxRelayState {
		return Form{}, malformed(errForm)
	}
	form.Response, err = decode(responses[0])
	return form, err
}

// urlencoded says that the body is a plain form. Whoever compresses it has something to hide: a browser cannot.
func urlencoded(h http.Header) bool {
	types := h.Values("Content-Type")
	if len(types) != 1 || len(h.Values("Content-Encoding")) > 0 {
		return false
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return false
	}
	charset, named := params["charset"]
	return !named || strings.EqualFold(charset, "utf-8")
}

// readBody reads the whole body and puts it back: first it is asked for the state, then for the response.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxForm {
		return nil, sso.Refuse(sso.ResponseTooLarge)
	}
	if r.Body == nil {
		return nil, malformed(errForm)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil {
		return nil, malformed(errForm)
	}
	if len(body) > maxForm {
		return nil, sso.Refuse(sso.ResponseTooLarge)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// decode takes the one alphabet and the one padding; line breaks are all that may be between.
func decode(s string) ([]byte, error) {
	if len(s) > base64.StdEncoding.EncodedLen(maxResponse)*9/8 {
		return nil, sso.Refuse(sso.ResponseTooLarge)
	}
	doc, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(doc) == 0 {
		return nil, malformed(errForm)
	}
	if len(doc) > maxResponse {
		return nil, sso.Refuse(sso.ResponseTooLarge)
	}
	return doc, nil
}

func malformed(cause error) *errs.Error { return sso.Refuse(sso.ResponseMalformed).Because(cause) }
