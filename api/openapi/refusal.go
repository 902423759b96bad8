package openapi

import (
	"fmt"

	"github.com/swaggest/openapi-go/openapi31"
)

// refusals names the components for the statuses that operations list.
var refusals = map[int]string{
	400: "BadRequest", 401: "Unauthenticated", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 422: "Unusable", 429: "TooMany",
}

var refusalTexts = map[string]string{
	"BadRequest":      "The request cannot be read.",
	"Unauthenticated": "It is not known who is asking, or not recently enough.",
	"Forbidden":       "The caller may not. The code says why, and needs_role or needs_plan what would be enough.",
	"NotFound":        "There is no such resource in this tenant.",
	"Conflict":        "What is stored speaks against it.",
	"Unusable":        "A value cannot be used; fields says which.",
	"TooMany":         "There were too many requests; Retry-After says how long to wait.",
	"Problem":         "The request was refused, or failed.",
}

func refused(name string) openapi31.ResponseOrReference {
	return openapi31.ResponseOrReference{Reference: &openapi31.Reference{Ref: "#/components/responses/" + name}}
}

// problems describes the answer to everything that is refused.
func (d *document) problems() error {
	if len(d.Codes) == 0 {
		return fmt.Errorf("no codes of problems are given")
	}
	components := d.spec.ComponentsEns()
	for name, about := range refusalTexts {
		components.WithResponsesItem(name, openapi31.ResponseOrReference{Response: &openapi31.Response{
			Description: about,
			Content: map[string]openapi31.MediaType{
				"application/problem+json": {Schema: map[string]any{"$ref": componentPrefix + "Problem"}},
			},
		}})
	}
	components.WithSchemasItem("ProblemCode", map[string]any{
		"type": "string", "enum": d.Codes,
		"description": "What happened. The codes are stable; new ones may appear: treat one that you do not know by the status.",
	})
	field := func(kind, about string) map[string]any { return map[string]any{"type": kind, "description": about} }
	components.WithSchemasItem("Problem", map[string]any{
		"type":     "object",
		"required": []string{"type", "title", "status", "code", "request_id"},
		"properties": map[string]any{
			"type":        map[string]any{"type": "string", "format": "uri-reference", "description": "Where the code is explained"},
			"title":       field("string", "The status in words"),
			"status":      map[string]any{"type": "integer", "minimum": 400, "maximum": 599},
			"code":        map[string]any{"$ref": componentPrefix + "ProblemCode"},
			"detail":      field("string", "What happened, for a person"),
			"request_id":  field("string", "Under which the operator finds the request in the log"),
			"fields":      map[string]any{"type": "array", "items": map[string]any{"$ref": componentPrefix + "WrongField"}},
			"decision_id": field("string", "Under which the decision is found in the log"),
			"needs_role":  field("string", "The lowest role that would be enough"),
			"needs_plan":  field("string", "The lowest plan that would be enough"),
			"limit":       field("string", "The rate that was reached, such as 600/min"),
			"concurrent":  field("integer", "How many requests of the tenant may be in progress at once"),
			"uses":        field("object", "How often a role is given, by what gives it"),
			"max_age":     field("integer", "Within how many seconds the person must have signed in"),
			"network":     field("string", "Why a provider's address was not asked"),
		},
	})
	components.WithSchemasItem("WrongField", map[string]any{
		"type": "object", "required": []string{"name", "detail"},
		"properties": map[string]any{
			"name":   field("string", "The member of the body, with dots, or the parameter"),
			"detail": field("string", "What is wrong with it"),
		},
	})
	return nil
}
