package openapi

// answer is what a raw row answers, where it is not JSON of a type.
type answer struct {
	mediaType string
	about     string
	schema    map[string]any
}

var text = map[string]any{"type": "string"}

// answers describes the raw rows whose handlers no type describes.
var answers = map[string]answer{
	"GET /.well-known/jwks.json": {"application/json", "A JSON Web Key Set (RFC 7517)", map[string]any{
		"type":     "object",
		"required": []string{"keys"},
		"properties": map[string]any{"keys": map[string]any{
			"type":  "array",
			"items": map[string]any{"type": "object", "required": []string{"kty", "kid", "alg", "use"}},
		}},
	}},
	"GET /v1/forward-auth": {"text/plain", "It may pass; headers X-Gatehouse-* say for whom. The query may have permission, feature and quantity", text},

	"GET /v1/stream": {"text/event-stream", "The events snapshot, change, beat and end; docs/stream.md says what they hold", text},

	"GET /openapi.yaml":  {"application/yaml", "This document", text},
	"GET /docs":          {"text/html", "The page", text},
	"GET /docs/problems": {"text/html", "The page", text},
	"GET /docs/{file}":   {"*/*", "The file", map[string]any{}},
	"GET /healthz":       {"text/plain", "It is", text},
	"GET /readyz":        {"text/plain", "It can", text},
}

// bodies describes what raw rows read beside the JSON of a type: their media types, and what they hold.
var bodies = map[string]map[string]map[string]any{
	"POST /v1/usage": {
		"application/cloudevents+json":       {"type": "object", "description": "A CloudEvent 1.0, whose data has the members of an event but id, at and subject"},
		"application/cloudevents-batch+json": {"type": "array", "maxItems": 1000, "items": map[string]any{"type": "object"}},
	},
}

// queries describes what raw rows read of the query, which no type says.
var queries = map[string][]struct{ name, about string }{
	"GET /v1/forward-auth": {{"permission", "Demand a permission, for example chat:use"}, {"feature", "Demand a feature of the plan, for example ai.agents"}, {"quantity", "Demand so much of the feature, which is numeric, in all"}},
	"GET /v1/stream":       {{"once", "true: the snapshot alone"}},
}

// pathTexts describes the path parameters; those of raw rows have no type to say what they are.
var pathTexts = map[string]struct {
	about string
	id    string // the name of the kind of id; "" for other texts
}{
	"attempt":        {"The sign-in attempt", "AttemptID"},
	"connection":     {"The connection", "ConnectionID"},
	"identity":       {"The identity", "IdentityID"},
	"session":        {"The session", "SessionID"},
	"member":         {"The membership, not the user", "MembershipID"},
	"reservation":    {"The reservation, as the check gave it", ""},
	"decision":       {"The decision, by the id that its answer carried", "DecisionID"},
	"domain":         {"The domain's id, not its name", "DomainID"},
	"invitation":     {"The invitation", "InvitationID"},
	"role":           {"The custom role", "RoleID"},
	"link":           {"The set-up link", "SetupLinkID"},
	"connection_key": {"The id of one of our keys for the connection", "ConnectionKeyID"},
	"fingerprint":    {"SHA-256 of the certificate, in hex", ""},
	"key":            {"The id of the key, which is no secret", "KeyID"},
	"file":           {"The name of the file", ""},
	"meter":          {"A meter of the catalog whose events add up", ""},
	"of":             {"tenant; user or api_key for each of them; or the id of one, which counts in place of that for each", ""},
	"measure":        {"quantity, events, or cost in billionths of the currency's unit", ""},
	"period":         {"day, month, billing or year", ""},
}
