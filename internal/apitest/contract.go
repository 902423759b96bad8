package apitest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/seed-2a059015/gatehouse/api"
)

// contract holds answers to the OpenAPI document.
type contract struct{ doc *openapi3.T }

// loadContract makes the document stricter than what is published: an answer has no member that is not described. Clients must
// bear new members; a test must not.
func loadContract(tb testing.TB) *contract {
	tb.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	must(tb, err)
	for _, s := range doc.Components.Schemas {
		if v := s.Value; len(v.Properties) > 0 && v.AdditionalProperties.Has == nil {
			none := false
			v.AdditionalProperties.Has = &none
		}
	}
	return &contract{doc}
}

// hold fails the test if the answer is not what the document says of its operation. What no operation describes must be
// refused.
func (c *contract) hold(tb testing.TB, r *http.Request, a *Answer) {
	tb.Helper()
	if r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return
	}
	path, item := c.find(r.URL.EscapedPath())
	if item == nil || item.GetOperation(r.Method) == nil {
		// Rows that proxies ask by the path of another request are described beside the document.
		proxied := strings.HasPrefix(r.URL.Path, "/v1/forward-auth/")
		if strings.HasPrefix(r.URL.Path, "/v1/") && !proxied && a.StatusCode < 400 {
			tb.Errorf("%s %s = %d, and the document has no such operation", r.Method, r.URL.Path, a.StatusCode)
		}
		return
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		ExcludeResponseBody: !strings.Contains(a.Header.Get("Content-Type"), "json"),
	}
	request := &openapi3filter.RequestValidationInput{
		Request: again(tb, r), Options: options, PathParams: parametersOf(path, r.URL.Path),
		Route: &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
	}
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: a.StatusCode, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Text)), Options: options,
	})
	if err != nil {
		tb.Errorf("%s %s = %d does not follow the OpenAPI document: %v\n%s", r.Method, r.URL.Path, a.StatusCode, err, a.Text)
	}
	if a.StatusCode < 400 { // what the server takes, the document must allow
		if err := openapi3filter.ValidateRequest(r.Context(), request); err != nil {
			tb.Errorf("%s %s was answered with %d, though the OpenAPI document does not allow it: %v", r.Method, r.URL.Path, a.StatusCode, err)
		}
	}
}

// again is a request that can be read once more.
func again(tb testing.TB, r *http.Request) *http.Request {
	tb.Helper()
	c := r.Clone(r.Context())
	if r.GetBody != nil {
		var err error
		c.Body, err = r.GetBody()
		must(tb, err)
	}
	return c
}

func parametersOf(template, path string) map[string]string {
	names, values := strings.Split(template, "/"), strings.Split(path, "/")
	found := map[string]string{}
	for i, name := range names {
		if strings.HasPrefix(name, "{") {
			found[strings.Trim(name, "{}")] = values[i]
		}
	}
	return found
}

// find is the description of a path: the one with the fewest parameters that fits.
func (c *contract) find(path string) (string, *openapi3.PathItem) {
	best, fewest := "", -1
	for template := range c.doc.Paths.Map() {
		if n := fits(template, path); n >= 0 && (fewest < 0 || n < fewest) {
			best, fewest = template, n
		}
	}
	if fewest < 0 {
		return "", nil
	}
	return best, c.doc.Paths.Value(best)
}

// fits counts the parameters of a template that a path fills; -1 if it does not fit.
func fits(template, path string) int {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return -1
	}
	n := 0
	for i := range want {
		switch {
		case strings.HasPrefix(want[i], "{") && got[i] != "":
			n++
		case want[i] != got[i]:
			return -1
		}
	}
	return n
}
