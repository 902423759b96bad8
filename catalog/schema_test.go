package catalog_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// compiled returns the part of the schema that a pointer such as "#/definitions/plan" leads to, or all of it by "#".
func compiled(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(catalog.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// document reads a catalog as an editor does.
func document(t *testing.T, src string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(src), &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAcceptsWhatIsACatalog(t *testing.T) {
	t.Parallel()
	schema := compiled(t, "#")
	for _, src := range []string{
		string(catalog.Default()), "version: 1\n", "version: 1\nplans:\nfeatures:\npermissions:\nroles:\n",
		"version: 1\nplans: {pro: }\nfeatures: {sso: , api_keys: {title: Keys}, custom_roles: {from: pro}}\n",
		"version: 1\nfeatures: {s: {numbers: {pro: 3, enterprise: unlimited}}, m: {meter: true, numbers: {free: 0, pro: 999999999999999}}}\n",
		"version: 1\nfeatures: {m: {meter: true, period: year, numbers: {team: unlimited}}, n: {meter: false, from: pro}}\n",
		"version: 1\nfeatures: {m: {meter: {}, numbers: {pro: 1}}, n: {meter: {unit: tokens, aggregation: sum, cost: 15, currency: USD}, period: billing, numbers: {pro: 1}}, o: {meter: {currency: EUR}, numbers: {pro: 1}}}\n",
		"version: 1\nfeatures: {m: {meter: {limit: soft, aggregation: unique}, numbers: {pro: 1}}, n: {meter: {unavailable: open, cap: 5}, numbers: {pro: 1}}, o: {meter: {unavailable: closed}, numbers: {pro: 1}}}\n",
		"version: 1\nfeatures: {x: {from: pro, description: }, sso: {description: S}}\npermissions: {x:y: {group: G, description: D}, x:z: {group: }}\n" +
			"roles: {owner: {permissions: [x:y, x:z]}}\n",
		limited, "version: 1\nlimits:\n", "version: 1\nlimits: {free: , pro: {groups: }}\n",
		"version: 1\nlimits: {free: {requests: 1000000/h burst 1000000, concurrent: 100000, groups: {x: unlimited, y: {each: 1/s}}}}\n",
		"version: 1\npermissions:\n  x:y:\nroles:\n  owner: {title: , inherits: , permissions: [x:y]}\n  r:\n",
	} {
		parse(t, src)
		if err := schema.Validate(document(t, src)); err != nil {
			t.Errorf("the schema refuses %q: %v", src, err)
		}
	}
}

func TestSchemaRefusesTheMistakesThatItCanExpress(t *testing.T) {
	t.Parallel()
	schema := compiled(t, "#")
	for name, src := range map[string]string{
		"a list":             "- version: 1\n",
		"no version":         "plans: {}\n",
		"other version":      "version: 2\n",
		"version as text":    "version: \"1\"\n",
		"unknown section":    "version: 1\nplanz: {}\n",
		"section of text":    "version: 1\nroles: all\n",
		"unknown plan":       "version: 1\nplans: {gold: {}}\n",
		"unknown key":        "version: 1\nplans: {pro: {titel: Pro}}\n",
		"long title":         "version: 1\nplans: {pro: {title: " + strings.Repeat("x", 81) + "}}\n",
		"empty title":        "version: 1\nplans: {pro: {title: \"\"}}\n",
		"title of two lines": "version: 1\nplans: {pro: {title: \"a\\nb\"}}\n",
		"feature no plan":    "version: 1\nfeatures: {x: }\n",
		"feature no from":    "version: 1\nfeatures: {x: {title: X}}\n",
		"from nothing":       "version: 1\nfeatures: {sso: {from: }}\n",
		"from unknown":       "version: 1\nfeatures: {sso: {from: entreprise}}\n",
		"feature name":       "version: 1\nfeatures: {Video: {from: pro}}\n",
		"permission name":    "version: 1\npermissions: {\"chat:*\": }\n",
		"permission self":    "version: 1\npermissions: {self: }\n",
		"long permission":    "version: 1\npermissions: {\"a:" + strings.Repeat("b", 99) + "\": }\n",
		"reserved role":      "version: 1\nroles: {system: }\n",
		"role name":          "version: 1\nroles: {Owner: }\n",
		"list of text":       "version: 1\nroles: {member: {permissions: members:read}}\n",
		"twice":              "version: 1\nroles: {member: {permissions: [members:read, members:read]}}\n",
		"long group":         "version: 1\npermissions: {x:y: {group: " + strings.Repeat("x", 81) + "}}\nroles: {owner: {permissions: [x:y]}}\n",
		"long description":   "version: 1\nfeatures: {x: {from: pro, description: " + strings.Repeat("x", 401) + "}}\n",
		"numbers and from":   "version: 1\nfeatures: {x: {from: pro, numbers: {pro: 1}}}\n",
		"numbers of nothing": "version: 1\nfeatures: {x: {numbers: {}}}\n",
		"numbers of sso":     "version: 1\nfeatures: {sso: {numbers: {pro: 1}}}\n",
		"number of gold":     "version: 1\nfeatures: {x: {numbers: {gold: 1}}}\n",
		"negative number":    "version: 1\nfeatures: {x: {numbers: {pro: -1}}}\n",
		"fraction":           "version: 1\nfeatures: {x: {numbers: {pro: 1.5}}}\n",
		"huge number":        "version: 1\nfeatures: {x: {numbers: {pro: 1000000000000000}}}\n",
		"number as text":     "version: 1\nfeatures: {x: {numbers: {pro: \"5\"}}}\n",
		"infinite":           "version: 1\nfeatures: {x: {numbers: {pro: infinite}}}\n",
		"meter no numbers":   "version: 1\nfeatures: {x: {from: pro, meter: true}}\n",
		"meter as text":      "version: 1\nfeatures: {x: {meter: \"true\", numbers: {pro: 1}}}\n",
		"period no meter":    "version: 1\nfeatures: {x: {period: month, numbers: {pro: 1}}}\n",
		"period meter false": "version: 1\nfeatures: {x: {meter: false, period: month, numbers: {pro: 1}}}\n",
		"meter key":          "version: 1\nfeatures: {x: {meter: {unti: t}, numbers: {pro: 1}}}\n",
		"meter of nothing":   "version: 1\nfeatures: {x: {meter: , numbers: {pro: 1}}}\n",
		"meter map alone":    "version: 1\nfeatures: {x: {meter: {}, from: pro}}\n",
		"meter aggregation":  "version: 1\nfeatures: {x: {meter: {aggregation: avg}, numbers: {pro: 1}}}\n",
		"meter limit":        "version: 1\nfeatures: {x: {meter: {limit: firm}, numbers: {pro: 1}}}\n",
		"cost no currency":   "version: 1\nfeatures: {x: {meter: {cost: 5}, numbers: {pro: 1}}}\n",
		"currency of a max":  "version: 1\nfeatures: {x: {meter: {aggregation: max, currency: USD}, numbers: {pro: 1}}}\n",
		"currency lower":     "version: 1\nfeatures: {x: {meter: {cost: 5, currency: usd}, numbers: {pro: 1}}}\n",
		"cost of a max":      "version: 1\nfeatures: {x: {meter: {aggregation: max, cost: 5, currency: USD}, numbers: {pro: 1}}}\n",
		"cost of nothing":    "version: 1\nfeatures: {x: {meter: {cost: 0, currency: USD}, numbers: {pro: 1}}}\n",
		"open no cap":        "version: 1\nfeatures: {x: {meter: {unavailable: open}, numbers: {pro: 1}}}\n",
		"cap when closed":    "version: 1\nfeatures: {x: {meter: {unavailable: closed, cap: 5}, numbers: {pro: 1}}}\n",
		"cap alone":          "version: 1\nfeatures: {x: {meter: {cap: 5}, numbers: {pro: 1}}}\n",
		"unavailable soft":   "version: 1\nfeatures: {x: {meter: {limit: soft, unavailable: closed}, numbers: {pro: 1}}}\n",
		"long unit":          "version: 1\nfeatures: {x: {meter: {unit: " + strings.Repeat("u", 33) + "}, numbers: {pro: 1}}}\n",
		"unknown period":     "version: 1\nfeatures: {x: {meter: true, period: week, numbers: {pro: 1}}}\n",
		"limit of gold":      "version: 1\nlimits: {gold: {requests: 1/s}}\n",
		"limit as number":    "version: 1\nlimits: {free: {requests: 60}}\n",
		"limit a day":        "version: 1\nlimits: {free: {requests: 60/day}}\n",
		"limit of nothing":   "version: 1\nlimits: {free: {each: 0/s}}\n",
		"limit too high":     "version: 1\nlimits: {free: {each: 1000001/s}}\n",
		"burst too high":     "version: 1\nlimits: {free: {each: 1/s burst 1000001}}\n",
		"limit unknown key":  "version: 1\nlimits: {free: {request: 1/s}}\n",
		"none at once":       "version: 1\nlimits: {free: {concurrent: 0}}\n",
		"at once as text":    "version: 1\nlimits: {free: {concurrent: \"5\"}}\n",
		"group api":          "version: 1\nlimits: {free: {groups: {api: 1/s}}}\n",
		"group name":         "version: 1\nlimits: {free: {groups: {Check: 1/s}}}\n",
		"empty group":        "version: 1\nlimits: {free: {groups: {check: {}}}}\n",
		"group of nothing":   "version: 1\nlimits: {free: {groups: {check: }}}\n",
		"number as name":     "version: 1\nroles: {member: {inherits: [5]}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := catalog.Parse("c.yaml", []byte(src)); err == nil {
				t.Fatalf("Parse(%q) = nil, want a mistake", src)
			}
			if schema.Validate(document(t, src)) == nil {
				t.Errorf("the schema accepts %q", src)
			}
		})
	}
}

// written is what the schema repeats of the code.
type written struct {
	Properties  map[string]rules `json:"properties"`
	Definitions map[string]rules `json:"definitions"`
}

type rules struct {
	Enum          []string                   `json:"enum"`
	Not           struct{ Enum []string }    `json:"not"`
	Properties    map[string]json.RawMessage `json:"properties"`
	MaxProperties int                        `json:"maxProperties"`
	MaxLength     int                        `json:"maxLength"`
}

func readSchema(t *testing.T) (w written) {
	t.Helper()
	if err := json.Unmarshal(catalog.Schema(), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSchemaKnowsThePlansAndFeaturesOfTheCode(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	var plans, features []string
	for _, p := range billing.Plans() {
		plans = append(plans, string(p))
	}
	for f := range billing.BuiltinFeatures() {
		features = append(features, string(f))
	}
	slices.Sort(features)
	if diff := cmp.Diff(plans, schema.Definitions["plan"].Enum); diff != "" {
		t.Errorf("plans (-code +schema):\n%s", diff)
	}
	if diff := cmp.Diff(features, slices.Sorted(maps.Keys(schema.Properties["features"].Properties))); diff != "" {
		t.Errorf("built-in features (-code +schema):\n%s", diff)
	}
}

// Names are tried and not compared as patterns: what counts is that both sides take the same ones.
func TestSchemaTakesTheNamesThatTheCodeTakes(t *testing.T) {
	t.Parallel()
	names := []string{
		"", "a", "A", "0", "a0", "a-b", "a_b", "a.b", "-a", ".a", "_a", "a b", "a:b", "a:", ":b", "a:b:c", "a:*", "a:B", "a:0", "a:b0._-", "ä",
		"a\n", "a:b\n", "*", "owner", "viewer",
	}
	for _, length := range []int{31, 32, 33, 63, 64, 65, 98, 99, 100, 101} {
		names = append(names, strings.Repeat("a", length), "a:"+strings.Repeat("a", length))
	}
	names = append(names, "1/s", "01/s", "1/s\n", "60/min burst 5", "60/min burst 0", "60/min  burst 5", "999999/h", "1000000/h", "1000001/h", "unlimited")
	names = append(names, readSchema(t).Definitions["roleName"].Not.Enum...)
	for _, kind := range []struct {
		definition string
		parse      func(string) error
	}{
		{"roleName", func(s string) error { _, err := rbac.ParseRole(s); return err }},
		{"permissionName", func(s string) error { _, err := rbac.ParsePermission(s); return err }},
		{"featureName", func(s string) error { _, err := billing.ParseFeature(s); return err }},
		{"plan", func(s string) error { _, err := billing.ParsePlan(s); return err }},
		{"limit", func(s string) error {
			if s == "unlimited" {
				return nil
			}
			_, err := ratelimit.ParseLimit(s)
			return err
		}},
	} {
		schema := compiled(t, "#/definitions/"+kind.definition)
		for _, name := range names {
			if code, editor := kind.parse(name), schema.Validate(name); (code == nil) != (editor == nil) {
				t.Errorf("%s %q: the code says %v, the schema %v", kind.definition, name, code, editor)
			}
		}
	}
}

func TestSchemaHasTheLimitsOfTheCode(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	title := func(length int) string {
		return "version: 1\nplans: {pro: {title: " + strings.Repeat("x", length) + "}}\n"
	}
	parse(t, title(schema.Definitions["title"].MaxLength))
	if _, err := catalog.Parse("c.yaml", []byte(title(schema.Definitions["title"].MaxLength+1))); err == nil {
		t.Error("titles may be longer than the schema says")
	}
	for _, section := range []struct{ name, entry string }{
		{"features", "  n%d: {from: pro}\n"},
		{"permissions", "  x:n%d:\n"},
		{"roles", "  n%d:\n"},
	} {
		limit := schema.Properties[section.name].MaxProperties
		write := func(count int) string {
			var b strings.Builder
			b.WriteString("version: 1\n" + section.name + ":\n")
			for i := range count {
				b.WriteString(strings.ReplaceAll(section.entry, "%d", string(rune('a'+i/26))+string(rune('a'+i%26))))
			}
			return b.String()
		}
		tooMany := section.name + ": more than"
		if _, err := catalog.Parse("c.yaml", []byte(write(limit))); err != nil && strings.Contains(err.Error(), tooMany) {
			t.Errorf("Parse() of %d %s = %v, want no refusal of their number", limit, section.name, err)
		}
		if _, err := catalog.Parse("c.yaml", []byte(write(limit+1))); err == nil || !strings.Contains(err.Error(), tooMany) {
			t.Errorf("Parse() of %d %s = %v, want a refusal of their number", limit+1, section.name, err)
		}
	}
}
