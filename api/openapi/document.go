package openapi

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go/openapi31"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// Source is what a document is made of.
type Source struct {
	Table web.Table
	Raw   map[string]reflect.Type // what raw rows answer as JSON, by "METHOD /path"
	Reads map[string]reflect.Type // what raw rows read as JSON, one of it or a list
	Codes []string                // of problems
}

// document is one being made.
type document struct {
	Source
	spec      *openapi31.Spec
	reflector jsonschema.Reflector
	types     map[string]reflect.Type // the components, by name
	inputs    map[reflect.Type]bool   // types that requests are decoded into: nothing unknown is allowed in them
}

// Describe returns the document as YAML. The error joins everything that the source leaves out.
func Describe(src Source) ([]byte, error) {
	d := &document{
		Source: src, spec: &openapi31.Spec{Openapi: "3.1.0"}, types: map[string]reflect.Type{}, inputs: map[reflect.Type]bool{},
	}
	d.frame()
	if err := d.problems(); err != nil {
		return nil, err
	}
	var mistakes []error
	for _, r := range src.Table {
		if err := d.add(r); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s %s: %w", r.Method(), r.Path(), err))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return d.yaml()
}

const about = `Gatehouse answers who is asking, for which organization, and whether they may.

**Who is asking.** A request carries exactly one credential: the cookies of a browser session, an access token, or an API key. The
credential names the tenant; no path, query or body does. ` + "`X-Tenant-ID`" + ` may repeat it and is refused if it names another.

**May they.** Each operation says which permission of the caller's role it demands, and which feature of the tenant's plan. A refusal
says which role or plan would be enough (` + "`needs_role`, `needs_plan`" + `).

**Refusals** are problem documents (RFC 9457) with a stable ` + "`code`" + `, explained under [/docs/problems](docs/problems). Another
tenant's resources are answered like those that do not exist: 404.

**Requests** are read strictly: unknown members and parameters are refused. **Lists** come in pages: pass ` + "`next_cursor`" + ` back as
` + "`cursor`" + `. **Repeating a POST** is safe where ` + "`Idempotency-Key`" + ` is listed.`

// frame fills in what does not depend on the rows.
func (d *document) frame() {
	d.spec.Info.WithTitle("Gatehouse").WithVersion("1").WithDescription(about)
	d.spec.Info.WithLicense(openapi31.License{Name: "Apache-2.0"})
	// Relative to where the document lies, and so right below every prefix.
	d.spec.Servers = []openapi31.Server{{URL: "."}}
	for _, t := range tags {
		d.spec.Tags = append(d.spec.Tags, openapi31.Tag{Name: t.name, Description: &t.about})
	}
	schemes := map[string]openapi31.SecurityScheme{
		cookieScheme: {
			Description: new("A browser session. The sign-in pages set this cookie and its companion, which refreshes it; neither can be read by scripts."),
			APIKey:      &openapi31.SecuritySchemeAPIKey{Name: "__Host-gatehouse_access", In: "cookie"},
		},
		bearerScheme: {
			Description: new("An access token of a session; see POST /v1/session/refresh. API keys are read from this header too."),
			HTTPBearer:  &openapi31.SecuritySchemeHTTPBearer{Scheme: "bearer", BearerFormat: new("JWT")},
		},
		keyScheme: {
			Description: new("An API key, for machines."),
			APIKey:      &openapi31.SecuritySchemeAPIKey{Name: "X-API-Key", In: "header"},
		},
	}
	components := d.spec.ComponentsEns()
	for name, s := range schemes {
		components.WithSecuritySchemesItem(name, openapi31.SecuritySchemeOrReference{SecurityScheme: &s})
	}
}

const (
	cookieScheme = "session"
	bearerScheme = "bearer"
	keyScheme    = "apiKey"
)

// some is nil for nothing.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
