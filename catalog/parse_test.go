package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func parse(t *testing.T, src string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse("catalog.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse() = %v", err)
	}
	return c
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	const src = `version: 1
planz: {}
plans:
  gold: {title: Gold}
features:
  chat: {form: pro}
  Video: {from: pro}
  sso: {from: entreprise}
permissions:
  chat:use: {feature: chta}
  chat:*:
  chat:see: {feature: sso, featrue: sso}
  chat:see: {}
roles:
  member:
    permissions: [chat:usee, members:wirte]
    inherits: [viewr]
  system:
    permissions: [chat:use]
  auditor:
    permissions:
      - events:read
      - events:read
      - 5
`
	const want = `c.yaml:2:1: catalog: unknown key "planz"; did you mean "plans"?
c.yaml:4:3: unknown plan "gold": it is one of [free pro team enterprise]
c.yaml:6:3: feature "chat": from is missing: the lowest plan that includes it
c.yaml:6:10: feature "chat": unknown key "form"; did you mean "from"?
c.yaml:7:3: feature name "Video" is not 1 to 64 of a-z, 0-9, _, . and -, beginning with a letter
c.yaml:8:15: feature "sso": unknown plan "entreprise"; did you mean "enterprise"?
c.yaml:10:23: permission "chat:use": unknown feature "chta"; did you mean "chat"?
c.yaml:11:3: permission name "chat:*" is not of the form thing:verb, in lower case
c.yaml:12:28: permission "chat:see": unknown key "featrue"; did you mean "feature"?
c.yaml:13:3: key "chat:see" is there twice, first in line 12
c.yaml:16:19: role "member": unknown permission "chat:usee"; did you mean "chat:use"?
c.yaml:16:30: role "member": unknown permission "members:wirte"; did you mean "members:write"?
c.yaml:17:16: role "member": inherits unknown role "viewr"; did you mean "viewer"?
c.yaml:18:3: role name "system" is reserved
c.yaml:23:9: role "auditor": permissions: "events:read" is there twice
c.yaml:24:9: role "auditor": permissions: must be a name`
	_, err := catalog.Parse("c.yaml", []byte(src))
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(fmt.Sprint(err), "\n")); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
	var mistakes catalog.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 16 || mistakes[0].Line != 2 {
		t.Errorf("Parse() = %T of %d, want 16 Mistakes in order", err, len(mistakes))
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ src, want string }{
		"empty":              {"", "c.yaml:1:1: a catalog must be a mapping"},
		"comment only":       {"# nothing\n", "c.yaml:1:1: a catalog must be"},
		"a list":             {"- version: 1\n", "c.yaml:1:1: a catalog must be a mapping"},
		"no version":         {"plans: {}\n", "c.yaml:1:1: catalog: version: 1 is missing"},
		"other version":      {"version: 2\n", "c.yaml:1:10: catalog: version must be 1"},
		"version as text":    {"version: \"1\"\n", "c.yaml:1:10: catalog: version must be 1"},
		"syntax":             {"version: 1\nroles: [\n", "c.yaml:2:1: did not find"},
		"two documents":      {"version: 1\n---\nversion: 1\n", "c.yaml:2:1: a catalog is one YAML document"},
		"anchor":             {"version: 1\nplans: &a {}\n", "c.yaml:2:8: anchors and aliases"},
		"alias":              {"version: 1\nplans: {}\nroles: *a\n", "unknown anchor"},
		"merge":              {"version: 1\nplans:\n  <<: {}\n", "c.yaml:3:3: a key must be text"},
		"tag":                {"version: !!int 1\n", "c.yaml:1:10: YAML tags"},
		"complex key":        {"version: 1\n? [plans]\n: {}\n", "c.yaml:2:3: a key must be text"},
		"number as key":      {"version: 1\n1: {}\n", "c.yaml:2:1: a key must be text"},
		"tab":                {"version: 1\nplans:\n\tfree:\n", "c.yaml:3:1: character U+0009"},
		"invisible":          {"version: 1\nroles:\n  a\u202eb: {}\n", "c.yaml:3:4: character U+202E"},
		"byte order mark":    {"\ufeffversion: 1\n", "c.yaml:1:1: character U+FEFF"},
		"not UTF-8":          {"version: 1\n# \xff\n", "c.yaml:2:3: not UTF-8"},
		"section of text":    {"version: 1\nroles: all\n", "c.yaml:2:8: roles: must be a mapping"},
		"list of text":       {"version: 1\nroles:\n  member: {permissions: chat:use}\n", `c.yaml:3:25: role "member": permissions: must be a list`},
		"title of two lines": {"version: 1\nplans:\n  pro:\n    title: \"a\\nb\"\n", `c.yaml:4:12: plan "pro": title must be`},
		"long title":         {"version: 1\nplans: {pro: {title: " + strings.Repeat("x", 81) + "}}\n", `c.yaml:2:22: plan "pro": title must be`},
		"unheld":             {"version: 1\npermissions:\n  x:y:\n", `c.yaml:3:3: permission "x:y": owner does not have it`},
		"held beside owner":  {"version: 1\npermissions:\n  x:y:\nroles:\n  r: {permissions: [x:y]}\n", `c.yaml:3:3: permission "x:y": owner does not have it`},
		"self as permission": {"version: 1\npermissions:\n  self:\n", `c.yaml:3:3: permission name "self"`},
		"self as grant":      {"version: 1\nroles:\n  r: {permissions: [self]}\n", `c.yaml:3:21: role "r": unknown permission "self"`},
		"feature no plan":    {"version: 1\nfeatures:\n  x:\n", `c.yaml:3:3: feature "x": from is missing`},
		"numbers and from":   {"version: 1\nfeatures:\n  x: {from: pro, numbers: {pro: 1}}\n", `c.yaml:3:13: feature "x": from and numbers cannot both be there`},
		"numbers of our own": {"version: 1\nfeatures:\n  sso: {numbers: {pro: 1}}\n", `c.yaml:3:18: feature "sso": is Gatehouse's own`},
		"no numbers":         {"version: 1\nfeatures:\n  x: {numbers: }\n", `feature "x": numbers: at least one plan`},
		"numbers of 0":       {"version: 1\nfeatures:\n  x: {numbers: {pro: 0}}\n", `c.yaml:3:16: feature "x": numbers: at least one plan`},
		"list of numbers":    {"version: 1\nfeatures:\n  x: {numbers: [1, 2]}\n", `c.yaml:3:16: feature "x": numbers: must be a mapping`},
		"number of gold":     {"version: 1\nfeatures:\n  x: {numbers: {fre: 1}}\n", `c.yaml:3:17: feature "x": numbers: unknown plan "fre": it is one of [free pro team enterprise]; did you mean "free"?`},
		"less than below":    {"version: 1\nfeatures:\n  x: {numbers: {free: 5, team: 4}}\n", `c.yaml:3:32: feature "x": numbers: team has less than the plan below`},
		"less than all":      {"version: 1\nfeatures:\n  x: {numbers: {free: unlimited, team: 4}}\n", `c.yaml:3:40: feature "x": numbers: team has less`},
		"number in octal":    {"version: 1\nfeatures:\n  x: {numbers: {free: 010}}\n", `c.yaml:3:23: feature "x": numbers: free: must be 0 to`},
		"number as text":     {"version: 1\nfeatures:\n  x: {numbers: {free: \"10\"}}\n", `c.yaml:3:23: feature "x": numbers: free: must be 0 to`},
		"unlimitd":           {"version: 1\nfeatures:\n  x: {numbers: {free: unlimitd}}\n", `c.yaml:3:23: feature "x": numbers: free: must be 0 to`},
		"meter no numbers":   {"version: 1\nfeatures:\n  x: {from: pro, meter: true}\n", `c.yaml:3:25: feature "x": a meter needs numbers`},
		"meter of text":      {"version: 1\nfeatures:\n  x: {meter: yes please, numbers: {pro: 1}}\n", `c.yaml:3:14: feature "x": meter must be true, false or a mapping`},
		"period no meter":    {"version: 1\nfeatures:\n  x: {period: month, numbers: {pro: 1}}\n", `c.yaml:3:15: feature "x": period is for a feature with a meter`},
		"meter key":          {"version: 1\nfeatures:\n  x: {meter: {unti: t}, numbers: {pro: 1}}\n", `c.yaml:3:15: feature "x": meter: unknown key "unti"; did you mean "unit"?`},
		"meter aggregation":  {"version: 1\nfeatures:\n  x: {meter: {aggregation: avg}, numbers: {pro: 1}}\n", `c.yaml:3:28: feature "x": meter: unknown aggregation "avg": it is one of [sum count max unique]`},
		"meter limit":        {"version: 1\nfeatures:\n  x: {meter: {limit: sof}, numbers: {pro: 1}}\n", `c.yaml:3:22: feature "x": meter: unknown limit "sof": it is one of [hard soft]; did you mean "soft"?`},
		"cost no currency":   {"version: 1\nfeatures:\n  x: {meter: {cost: 5}, numbers: {pro: 1}}\n", `c.yaml:3:21: feature "x": meter: cost needs a currency`},
		"currency of a max":  {"version: 1\nfeatures:\n  x: {meter: {aggregation: max, currency: USD}, numbers: {pro: 1}}\n", `c.yaml:3:43: feature "x": meter: cost and currency are for the aggregations sum and count`},
		"currency of dollar": {"version: 1\nfeatures:\n  x: {meter: {cost: 5, currency: usd}, numbers: {pro: 1}}\n", `c.yaml:3:34: feature "x": meter: currency must be three capital letters`},
		"cost of nothing":    {"version: 1\nfeatures:\n  x: {meter: {cost: 0, currency: USD}, numbers: {pro: 1}}\n", `c.yaml:3:21: feature "x": meter: cost: must be 1 to 999999999999999 in digits`},
		"cost in decimals":   {"version: 1\nfeatures:\n  x: {meter: {cost: 0.5, currency: USD}, numbers: {pro: 1}}\n", `c.yaml:3:21: feature "x": meter: cost: must be 1 to 999999999999999 in digits`},
		"cost of a max":      {"version: 1\nfeatures:\n  x: {meter: {aggregation: max, cost: 5, currency: USD}, numbers: {pro: 1}}\n", `c.yaml:3:52: feature "x": meter: cost and currency are for the aggregations sum and count`},
		"open no cap":        {"version: 1\nfeatures:\n  x: {meter: {unavailable: open}, numbers: {pro: 1}}\n", `c.yaml:3:28: feature "x": meter: open needs a cap`},
		"cap when closed":    {"version: 1\nfeatures:\n  x: {meter: {cap: 5}, numbers: {pro: 1}}\n", `c.yaml:3:20: feature "x": meter: cap is for unavailable: open`},
		"unavailable soft":   {"version: 1\nfeatures:\n  x: {meter: {limit: soft, unavailable: closed}, numbers: {pro: 1}}\n", `c.yaml:3:41: feature "x": meter: unavailable is for a hard limit`},
		"long unit":          {"version: 1\nfeatures:\n  x: {meter: {unit: " + strings.Repeat("u", 33) + "}, numbers: {pro: 1}}\n", `c.yaml:3:21: feature "x": meter: unit must be a text of at most 32 characters`},
		"unknown period":     {"version: 1\nfeatures:\n  x: {meter: true, period: moth, numbers: {pro: 1}}\n", `c.yaml:3:28: feature "x": unknown period "moth": it is one of [day month billing year]; did you mean "month"?`},
		"group of two lines": {"version: 1\npermissions:\n  x:y: {group: \"a\\nb\"}\n", `c.yaml:3:16: permission "x:y": group must be a text of at most 80`},
		"long description":   {"version: 1\npermissions:\n  x:y: {description: " + strings.Repeat("x", 401) + "}\n", `c.yaml:3:22: permission "x:y": description must be a text of at most 400`},
		"feature of nothing": {"version: 1\nfeatures:\n  sso: {from: }\n", `feature "sso": from: must be a name`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := catalog.Parse("c.yaml", []byte(tc.src))
			if c != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse(%q) = %v, want %q", tc.src, err, tc.want)
			}
			if strings.Count(fmt.Sprint(err), "\n") > 0 {
				t.Errorf("Parse(%q) = %v, want one mistake", tc.src, err)
			}
		})
	}
}

// Aliases would let a few lines stand for very many, and hide what a role is given.
func TestAliasesAreNotFollowed(t *testing.T) {
	t.Parallel()
	const src = "version: 1\nplans: &a {}\nroles: *a\nfeatures: &b {x: *b}\n"
	const want = `c.yaml:2:8: anchors and aliases are not allowed; write it out
c.yaml:3:8: anchors and aliases are not allowed; write it out
c.yaml:4:11: anchors and aliases are not allowed; write it out`
	_, err := catalog.Parse("c.yaml", []byte(src))
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
}

func TestFilesBeyondTheLimitsAreRefused(t *testing.T) {
	t.Parallel()
	many := func(section, entry string, count int) string {
		var b strings.Builder
		b.WriteString("version: 1\n" + section + ":\n")
		for i := range count {
			fmt.Fprintf(&b, "  "+entry+"\n", i)
		}
		return b.String()
	}
	for name, tc := range map[string]struct{ src, want string }{
		"bytes":       {"version: 1\n#" + strings.Repeat("x", 64<<10), "larger than"},
		"nesting":     {"version: 1\nroles: " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), "nested too deeply"},
		"braces":      {"version: 1\nroles: " + strings.Repeat("{a: ", 3_000) + strings.Repeat("}", 3_000), "nested too deeply"},
		"lists":       {"version: 1\nroles: \n  " + strings.Repeat("- ", 6_000) + "a", "nested too deeply"},
		"indentation": {deep(300), "unknown key"},
		"permissions": {many("permissions", "x:y%d:", 257), "permissions: more than 256"},
		"features":    {many("features", "f%d: {from: pro}", 257), "features: more than 256"},
		"roles":       {many("roles", "r%d:", 17), "roles: more than 16"},
		"mistakes":    {many("roles", "R%d:", 17), "role name"},
		"long name":   {"version: 1\npermissions:\n  a:" + strings.Repeat("b", 200) + ":\n", "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := catalog.Parse("c.yaml", []byte(tc.src)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse() = %.200v, want %q", err, tc.want)
			}
		})
	}
}

func deep(levels int) string {
	var b strings.Builder
	b.WriteString("version: 1\n")
	for i := range levels {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

func TestCAS_09_CyclesInTheFile(t *testing.T) {
	t.Parallel()
	const src = `version: 1
roles:
  viewer:
    inherits: [owner]
  a: {inherits: [b]}
  b: {inherits: [c]}
  c: {inherits: [a]}
  d: {inherits: [d]}
`
	const want = `c.yaml:3:3: role "viewer": inherits itself: viewer > owner > admin > member > viewer
c.yaml:5:3: role "a": inherits itself: a > b > c > a
c.yaml:8:3: role "d": inherits itself: d > d`
	_, err := catalog.Parse("c.yaml", []byte(src))
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(fmt.Sprint(err), "\n")); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
	var chain strings.Builder
	chain.WriteString("version: 1\nroles:\n  r0:\n")
	for i := range rbac.MaxInheritance {
		fmt.Fprintf(&chain, "  r%d: {inherits: [r%d]}\n", i+1, i)
	}
	if _, err := catalog.Parse("c.yaml", []byte(chain.String())); err == nil || !strings.Contains(err.Error(), "c.yaml:11:3: role \"r8\": inherits through more than 8 roles") {
		t.Errorf("Parse() of a long chain = %v, want a refusal", err)
	}
}

func TestCAS_10_NamesInTheFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`x, r:owner`, `x\ng, r:a, r:owner`, `x#`, `x\"`, `x\0`, `r:owner`, `*`, ``} {
		src := fmt.Sprintf("version: 1\nroles:\n  \"%s\": {inherits: [viewer]}\n", name)
		if _, err := catalog.Parse("c.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), "c.yaml:3:3: role name") {
			t.Errorf("Parse(%q) = %v, want a refusal of the name", src, err)
		}
	}
}

func TestAZ_08_PermissionsInTheFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`*`, `billing:*`, `billing:write `, `Billing:Write`, `../x`, `billing:../x`, `a:b:c`, `b\0:c`} {
		declare := fmt.Sprintf("version: 1\npermissions:\n  \"%s\": {}\n", name)
		if _, err := catalog.Parse("c.yaml", []byte(declare)); err == nil || !strings.Contains(err.Error(), "c.yaml:3:3: permission name") {
			t.Errorf("Parse(%q) = %v, want a refusal of the name", declare, err)
		}
		grant := fmt.Sprintf("version: 1\nroles:\n  member: {permissions: [\"%s\"]}\n", name)
		if _, err := catalog.Parse("c.yaml", []byte(grant)); err == nil || !strings.Contains(err.Error(), "c.yaml:3:26: role \"member\": unknown permission") {
			t.Errorf("Parse(%q) = %v, want a refusal of the name", grant, err)
		}
	}
}

func TestAZ_09_ReservedRolesInTheFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"system", "root", "operator", "gatehouse", "Owner"} {
		src := fmt.Sprintf("version: 1\nroles:\n  %s: {}\n", name)
		if _, err := catalog.Parse("c.yaml", []byte(src)); err == nil || !strings.Contains(err.Error(), "c.yaml:3:3: role name") {
			t.Errorf("Parse(%q) = %v, want a refusal of the name", src, err)
		}
	}
	twice := "version: 1\nroles:\n  owner: {}\n  \"owner\": {}\n"
	if _, err := catalog.Parse("c.yaml", []byte(twice)); err == nil || !strings.Contains(err.Error(), "c.yaml:4:3: key \"owner\" is there twice") {
		t.Errorf("Parse(%q) = %v, want a refusal of the second", twice, err)
	}
}

func TestNothingBuiltInCanBeRemoved(t *testing.T) {
	t.Parallel()
	c := parse(t, "version: 1\nroles: {owner: {permissions: []}, viewer: {inherits: []}}\nplans:\nfeatures:\npermissions: {}\n")
	for role, grants := range rbac.Base().Roles {
		for _, p := range grants.Permissions {
			if v := c.Decide(role, billing.Free, p, ""); !v.Allowed {
				t.Errorf("Decide(%q, %q) = %+v, want it allowed", role, p, v)
			}
		}
	}
	if got := len(c.Plans()); got != 4 {
		t.Errorf("%d plans, want 4", got)
	}
	for feature, from := range billing.BuiltinFeatures() {
		if v := c.Decide(rbac.Viewer, from, "", feature); !v.Allowed {
			t.Errorf("Decide(%q on %q) = %+v, want it allowed", feature, from, v)
		}
	}
}

func TestStylesOfYAMLMeanTheSame(t *testing.T) {
	t.Parallel()
	sources := []string{
		"version: 1\npermissions:\n  x:y:\n    feature: sso\nroles:\n  member:\n    permissions:\n      - x:y\n      - events:read\n",
		"---\nroles:\n  member: {permissions: [x:y, events:read]}\npermissions:\n  x:y: {feature: sso}\nversion: 1\n",
		"{version: 1, permissions: {x:y: {feature: sso}}, roles: {member: {permissions: [x:y, events:read]}}}",
		"version: 1 # one\r\npermissions: {'x:y': {'feature': \"sso\"}}\r\nroles:\r\n  \"member\":\r\n    permissions: ['x:y', 'events:read']\r\n",
	}
	want := parse(t, sources[0])
	for _, src := range sources[1:] {
		got := parse(t, src)
		if diff := cmp.Diff(want.Roles(), got.Roles()); diff != "" {
			t.Errorf("Parse(%q) roles (-want +got):\n%s", src, diff)
		}
		if diff := cmp.Diff(want.Permissions(), got.Permissions()); diff != "" {
			t.Errorf("Parse(%q) permissions (-want +got):\n%s", src, diff)
		}
	}
}

func TestSourceAndHash(t *testing.T) {
	t.Parallel()
	first, again := parse(t, string(catalog.Default())), parse(t, string(catalog.Default()))
	if first.Hash() != again.Hash() || len(first.Hash()) != 64 {
		t.Errorf("Hash() = %q, then %q, want one SHA-256", first.Hash(), again.Hash())
	}
	if other := parse(t, string(catalog.Default())+"\n"); other.Hash() == first.Hash() {
		t.Error("Hash() of another file is the same")
	}
	if !bytes.Equal(first.Source(), catalog.Default()) {
		t.Error("Source() is not the file")
	}
	first.Source()[0], first.Roles()[0].Permissions[0] = 'x', "x:y"
	if !bytes.Equal(first.Source(), catalog.Default()) || first.Roles()[0].Permissions[0] == "x:y" {
		t.Error("a catalog can be changed from outside")
	}
}
