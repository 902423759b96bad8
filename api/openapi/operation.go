package openapi

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/swaggest/openapi-go/openapi31"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// add describes one row.
func (d *document) add(r web.Route) error {
	row := r.Row()
	label := row.Method + " " + row.Path
	name, ok := operations[label]
	if !ok {
		return errors.New("the operation has no name in names.go")
	}
	op := openapi31.Operation{ID: &name.id, Tags: []string{name.tag}, Summary: &row.Summary, Security: security(row), MapOfAnything: extensions(row)}
	if rules := describe(row); rules != "" {
		op.Description = &rules
	}
	in := r.In()
	if in == nil {
		in = reflect.TypeFor[web.None]()
	}
	if err := d.parameters(&op, row, in); err != nil {
		return err
	}
	body, err := d.body(&op, in)
	if read, raw := d.Reads[label]; raw {
		body, err = true, d.rawBody(&op, label, read)
	}
	if err != nil {
		return err
	}
	if err := d.responses(&op, r, row, body); err != nil {
		return err
	}
	return d.spec.AddOperation(strings.ToLower(row.Method), row.Path, op)
}

func security(row web.Row) []map[string][]string {
	if row.Open != "" {
		return nil
	}
	schemes := []map[string][]string{{cookieScheme: {}}, {bearerScheme: {}}}
	if !row.SessionOnly {
		schemes = append(schemes, map[string][]string{keyScheme: {}})
	}
	return schemes
}

// extensions repeats the row for programs.
func extensions(row web.Row) map[string]any {
	x := map[string]any{}
	add := func(on bool, name string, value any) {
		if on {
			x["x-gatehouse-"+name] = value
		}
	}
	add(row.Open != "", "open", row.Open)
	add(row.Permission != "", "permission", row.Permission)
	add(row.Feature != "", "feature", row.Feature)
	add(row.SessionOnly, "session-only", true)
	add(row.StepUp > 0, "step-up-seconds", row.StepUp)
	add(row.Limit != "", "limit", row.Limit)
	add(row.AnyStanding != "", "any-standing", row.AnyStanding)
	return x
}

// describe says the row in words.
func describe(row web.Row) string {
	var lines []string
	add := func(on bool, format string, args ...any) {
		if on {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	add(row.Open != "", "Needs no credential: %s.", row.Open)
	add(row.Permission == "self", "Every role may.")
	add(row.Permission != "" && row.Permission != "self", "Demands the permission `%s`.", row.Permission)
	add(row.Feature != "", "Demands a plan with the feature `%s`.", row.Feature)
	add(row.SessionOnly && row.StepUp == 0, "For sessions only: an API key is refused.")
	add(row.StepUp > 0, "For sessions only, of a person who signed in within the last %s; else 401 `reauth_required`.", spoken(row.StepUp))
	add(row.AnyStanding != "", "Also answers those who are suspended: %s.", row.AnyStanding)
	add(row.Forwarded, "Asked by a reverse proxy about another request: its method is that of `X-Forwarded-Method`, and no session is refreshed.")
	add(row.Limit != "", "Limited to %s for each caller.", row.Limit)
	add(row.Idempotent, "Safe to repeat with the same `Idempotency-Key` for 24 hours.")
	return strings.Join(lines, "\n")
}

func spoken(seconds int) string {
	if d := time.Duration(seconds) * time.Second; d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", seconds)
}

var inBraces = regexp.MustCompile(`\{([a-z_]+)\}`)

// parameters lists those of the path in its order, then those of the query in the order of the type, then headers.
func (d *document) parameters(op *openapi31.Operation, row web.Row, in reflect.Type) error {
	add := func(p openapi31.Parameter) {
		op.Parameters = append(op.Parameters, openapi31.ParameterOrReference{Parameter: &p})
	}
	for _, m := range inBraces.FindAllStringSubmatch(row.Path, -1) {
		known, ok := pathTexts[m[1]]
		if !ok {
			return fmt.Errorf("the path parameter %s is not described in raw.go", m[1])
		}
		schema := text
		if known.id != "" {
			if err := d.needID(known.id); err != nil {
				return err
			}
			schema = map[string]any{"$ref": componentPrefix + known.id}
		}
		add(openapi31.Parameter{Name: m[1], In: openapi31.ParameterInPath, Description: new(known.about), Required: new(true), Schema: schema})
	}
	for _, f := range reflect.VisibleFields(in) {
		name := f.Tag.Get("query")
		if name == "" {
			continue
		}
		schema, err := d.schema(f.Type)
		if err != nil {
			return err
		}
		if name == "limit" {
			schema = map[string]any{"type": "integer", "minimum": 1, "maximum": 200}
		}
		add(openapi31.Parameter{Name: name, In: openapi31.ParameterInQuery, Description: some(f.Tag.Get("doc")), Schema: schema})
	}
	for _, q := range queries[row.Method+" "+row.Path] {
		add(openapi31.Parameter{Name: q.name, In: openapi31.ParameterInQuery, Description: new(q.about), Schema: text})
	}
	if row.Idempotent {
		add(openapi31.Parameter{
			Name: "Idempotency-Key", In: openapi31.ParameterInHeader, Description: new("A text that is new for each new request, such as a random UUID"),
			Schema: map[string]any{"type": "string", "minLength": 1, "maxLength": 128},
		})
	}
	return nil
}

// needID makes sure that the component of a kind of id is there, though no type of this row has it.
func (d *document) needID(name string) error {
	for t, kind := range ids {
		if kind.name == name {
			_, err := d.schema(t)
			return err
		}
	}
	return fmt.Errorf("there is no kind of id %s", name)
}

// body describes what the type decodes from the body; false if that is nothing.
func (d *document) body(op *openapi31.Operation, in reflect.Type) (bool, error) {
	reads := false
	for _, f := range reflect.VisibleFields(in) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		reads = reads || name != "" && name != "-"
	}
	if !reads {
		return false, nil
	}
	d.markInputs(in)
	schema, err := d.schema(in)
	if err != nil {
		return false, err
	}
	op.RequestBody = &openapi31.RequestBodyOrReference{RequestBody: &openapi31.RequestBody{
		Required: new(true), Content: map[string]openapi31.MediaType{"application/json": {Schema: schema}},
	}}
	return true, nil
}

// rawBody describes what a raw row reads: one of a type or a list of them, or other media types.
func (d *document) rawBody(op *openapi31.Operation, label string, of reflect.Type) error {
	d.markInputs(of)
	one, err := d.schema(of)
	if err != nil {
		return err
	}
	content := map[string]openapi31.MediaType{"application/json": {Schema: map[string]any{
		"oneOf": []any{one, map[string]any{"type": "array", "description": "Such objects. One that cannot be read is refused alone", "minItems": 1}},
	}}}
	for kind, schema := range bodies[label] {
		content[kind] = openapi31.MediaType{Schema: schema}
	}
	op.RequestBody = &openapi31.RequestBodyOrReference{RequestBody: &openapi31.RequestBody{Required: new(true), Content: content}}
	return nil
}

func (d *document) responses(op *openapi31.Operation, r web.Route, row web.Row, body bool) error {
	success, err := d.success(r, row)
	if err != nil {
		return err
	}
	answers := op.ResponsesEns()
	answers.WithMapOfResponseOrReferenceValuesItem(strconv.Itoa(row.Status), openapi31.ResponseOrReference{Response: success})
	if row.Method == http.MethodGet && row.Scope == "raw" {
		answers.WithDefault(refused("Problem"))
		return nil
	}
	query := false
	for _, p := range op.Parameters {
		query = query || p.Parameter.In == openapi31.ParameterInQuery
	}
	for _, refusal := range []struct {
		on     bool
		status int
	}{
		{body || query, 400},
		{row.Open == "" || body && row.Path == "/v1/session/refresh", 401},
		{row.Open == "", 403},
		{strings.Contains(row.Path, "{"), 404},
		{row.Mutates && row.NoEvent == "", 409},
		{body, 422},
		{row.Limit != "", 429},
	} {
		if refusal.on {
			answers.WithMapOfResponseOrReferenceValuesItem(strconv.Itoa(refusal.status), refused(refusals[refusal.status]))
		}
	}
	answers.WithDefault(refused("Problem"))
	return nil
}

// success describes the answer of a row that went well.
func (d *document) success(r web.Route, row web.Row) (*openapi31.Response, error) {
	label := row.Method + " " + row.Path
	out := r.Out()
	if out == nil {
		out = d.Raw[label]
	}
	if raw, ok := answers[label]; ok && out == nil {
		return &openapi31.Response{Description: raw.about, Content: map[string]openapi31.MediaType{raw.mediaType: {Schema: raw.schema}}}, nil
	}
	switch out {
	case nil:
		return nil, errors.New("what the raw row answers is not described")
	case reflect.TypeFor[web.None]():
		return &openapi31.Response{Description: "Done"}, nil
	}
	schema, err := d.schema(out)
	if err != nil {
		return nil, err
	}
	content := map[string]openapi31.MediaType{"application/json": {Schema: schema}}
	if r.Tabular() {
		content[web.CSVType] = openapi31.MediaType{Schema: text}
		content[web.ParquetType] = openapi31.MediaType{Schema: map[string]any{"type": "string", "contentEncoding": "binary"}}
	}
	return &openapi31.Response{Description: http.StatusText(row.Status), Content: content}, nil
}
