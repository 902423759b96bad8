package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/swaggest/jsonschema-go"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

const componentPrefix = "#/components/schemas/"

// schema reflects a type. Structs and ids become components that the result refers to.
func (d *document) schema(t reflect.Type) (map[string]any, error) {
	var misnamed error
	s, err := d.reflector.Reflect(reflect.New(t).Elem().Interface(),
		jsonschema.RootRef,
		jsonschema.DefinitionsPrefix(componentPrefix),
		jsonschema.CollectDefinitions(d.collect),
		jsonschema.InterceptDefName(func(t reflect.Type, _ string) string {
			name, err := componentName(t)
			if err != nil {
				misnamed = err
			}
			return name
		}),
		jsonschema.InterceptSchema(d.known),
		jsonschema.InterceptProp(property),
	)
	if err != nil {
		return nil, fmt.Errorf("reflect %v: %w", t, err)
	}
	if misnamed != nil {
		return nil, misnamed
	}
	return s.ToSchemaOrBool().ToSimpleMap()
}

// collect takes a component over into the document.
func (d *document) collect(name string, s jsonschema.Schema) {
	t := s.ReflectType
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s.HasType(jsonschema.Object) && d.inputs[t] {
		s.WithAdditionalProperties(*new(jsonschema.SchemaOrBool).WithTypeBoolean(false))
	}
	m, err := s.ToSchemaOrBool().ToSimpleMap()
	if err != nil {
		panic(fmt.Sprintf("openapi: component %s: %v", name, err)) // a schema always is a map
	}
	d.types[name] = t
	d.spec.ComponentsEns().WithSchemasItem(name, m)
}

// known says what types mean whose Go form does not show it.
func (d *document) known(p jsonschema.InterceptSchemaParams) (stop bool, err error) {
	if p.Processed {
		return false, nil
	}
	t := p.Value.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch prefix, isID := ids[t]; {
	case isID:
		p.Schema.WithType(jsonschema.String.Type())
		p.Schema.WithPattern("^" + prefix.of + "_[0-9a-hjkmnp-tv-z]{26}$")
		return true, nil
	case t == reflect.TypeFor[secret.Text]():
		p.Schema.WithType(jsonschema.String.Type())
		p.Schema.WithFormat("password").WithExtraPropertiesItem("writeOnly", true)
		return true, nil
	case t == reflect.TypeFor[json.RawMessage]():
		p.Schema.WithType(jsonschema.Object.Type())
		return true, nil
	}
	return false, nil
}

// property reads the tags of a field. What is not omitted is required; nothing is ever null: lists are empty and what is
// unknown is left out.
func property(p jsonschema.InterceptPropParams) error {
	if !p.Processed {
		return nil
	}
	p.PropertySchema.RemoveType(jsonschema.Null)
	if about := p.Field.Tag.Get("doc"); about != "" {
		p.PropertySchema.WithDescription(about)
	}
	if !strings.Contains(p.Field.Tag.Get("json"), ",omit") {
		p.ParentSchema.Required = append(p.ParentSchema.Required, p.Name)
	}
	return nil
}

// markInputs remembers which types a body is decoded into.
func (d *document) markInputs(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || d.inputs[t] {
		return
	}
	d.inputs[t] = true
	for f := range t.Fields() {
		if f.Tag.Get("json") != "-" {
			d.markInputs(f.Type)
		}
	}
}
