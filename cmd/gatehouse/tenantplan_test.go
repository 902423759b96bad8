package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const soldCatalog = `version: 1
features:
  export: {from: team}
  seats: {numbers: {free: 1, pro: 5, team: 20}}
permissions:
  x:export: {feature: export}
roles:
  admin: {permissions: [x:export]}
`

func TestTenantPlanSaysWhatIsGainedAndLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, soldCatalog))
	w.tenant(t, "acme", "team")
	before := w.everything(t)
	const loss = `from team@1 to pro@1%s
features  -export -sso
number    seats 20 > 5
admin     -x:export (members: 0)
owner     -x:export (members: 1)
`
	lines := func(verb, on string) string { return "acme " + verb + strings.Replace(" "+loss, "%s", on, 1) }
	if diff := cmp.Diff(lines("would move", ""), succeed(t, w.env, args("tenant plan acme --plan pro --dry-run")...)); diff != "" {
		t.Errorf("tenant plan --dry-run (-want +got):\n%s", diff)
	}
	for _, tc := range []struct{ line, want string }{
		{"--plan gold", `unknown plan "gold"`},
		{"--plan pro --version 7", "version: The plan has no such version."},
		{"--plan pro --version 0", "--version counts from 1"},
		{"--plan pro --at 2020-01-01", "--at has passed"},
		{"--plan pro --at tomorrow", "--at \"tomorrow\" is neither a date"},
		{"--at 2030-01-01", "--version, --at and --dry-run go with --plan"},
		{"--cancel", "There is no such"},
	} {
		if got := fail(t, w.env, args("tenant plan acme "+tc.line)...); !strings.Contains(strings.ToLower(got), strings.ToLower(tc.want)) {
			t.Errorf("tenant plan %s said %q, want %q", tc.line, got, tc.want)
		}
	}
	if diff := cmp.Diff(before, w.everything(t)); diff != "" {
		t.Errorf("a dry run or a refusal changed the database (-before +after):\n%s", diff)
	}

	if diff := cmp.Diff(lines("moves", " on 2200-01-01T00:00:00Z"), succeed(t, w.env, args("tenant plan acme --plan pro --at 2200-01-01")...)); diff != "" {
		t.Errorf("tenant plan --at (-want +got):\n%s", diff)
	}
	if got := fail(t, w.env, args("tenant plan acme --plan free --at 2200-01-01")...); !strings.Contains(got, "dated already") {
		t.Errorf("a second dated move said %q", got)
	}
	if got := succeed(t, w.env, args("tenant plan acme")...); !strings.Contains(got, "move  pro@1   dated 2200-01-01T00:00:00Z") || !strings.HasPrefix(got, "plan  team@1") {
		t.Errorf("tenant plan printed\n%swant the plan and the dated move", got)
	}
	if got, want := succeed(t, w.env, args("tenant plan acme --cancel")...), "acme does not move to pro@1 on 2200-01-01T00:00:00Z\n"; got != want {
		t.Errorf("tenant plan --cancel printed %q, want %q", got, want)
	}
	if diff := cmp.Diff(lines("moves", ""), succeed(t, w.env, args("tenant plan acme --plan pro")...)); diff != "" {
		t.Errorf("tenant plan (-want +got):\n%s", diff)
	}
	if got := w.query(t, "SELECT plan || '@' || plan_version FROM tenants WHERE slug = 'acme'"); got != "pro@1" {
		t.Errorf("the tenant has %s, want pro@1", got)
	}
}

func TestTenantTrialsAndOverrides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, soldCatalog))
	w.tenant(t, "acme", "pro")
	w.tenant(t, "globex", "pro")
	for _, tc := range []struct{ line, want string }{
		{"trial start acme --plan pro --until 2200-01-01", "A trial is of a higher plan"},
		{"trial start acme --plan team --until 2020-01-01", "This time has passed"},
		{"trial end acme", "There is no such"},
		{"override set nothing --tenant acme --on --reason why", "no such feature"},
		{"override set export --tenant acme --number 5 --reason why", "not numeric"},
		{"override set seats --tenant acme --on --reason why", "is numeric"},
		{"override set seats --tenant acme --number 1.5 --reason why", "--number: a number must be"},
		{"override set seats --tenant acme --number 5", "reason"},
		{"override set seats --tenant acme --number 5 --reason= ", "Say why"},
		{"override set seats --tenant acme --number 5 --reason why --expires 2020-01-01", "has passed"},
		{"override set export --tenant acme --reason why", "at least one of the flags"},
		{"override remove export --tenant acme", "There is no such"},
	} {
		if got := fail(t, w.env, args("tenant "+tc.line)...); !strings.Contains(strings.ToLower(got), strings.ToLower(tc.want)) {
			t.Errorf("tenant %s said %q, want %q", tc.line, got, tc.want)
		}
	}
	for _, tc := range []struct{ line, want string }{
		{"trial start acme --plan team --until 2200-01-01", "acme has team@1 until 2200-01-01T00:00:00Z\n"},
		{"override set seats --tenant acme --number 25 --reason deal", "seats of acme is 25 until it is removed\n"},
		{"override set sso --tenant acme --off --reason abuse --expires 2200-01-01", "sso of acme is off until 2200-01-01T00:00:00Z\n"},
		{"override list --tenant acme", "FEATURE  VALUE  UNTIL                 REASON\nseats    25     -                     deal\nsso      off    2200-01-01T00:00:00Z  abuse\n"},
		{"override list --tenant globex", "FEATURE  VALUE  UNTIL  REASON\n"},
	} {
		if diff := cmp.Diff(tc.want, succeed(t, w.env, args("tenant "+tc.line)...)); diff != "" {
			t.Errorf("tenant %s (-want +got):\n%s", tc.line, diff)
		}
	}
	const want = `plan   pro@1   
trial  team@1  until 2200-01-01T00:00:00Z

FEATURE       HAS  FROM      UNTIL
api_keys      yes  plan      -
audit_export  no   plan      -
custom_roles  no   plan      -
export        yes  trial     2200-01-01T00:00:00Z
seats         25   override  -
sso           no   override  2200-01-01T00:00:00Z
`
	if diff := cmp.Diff(want, succeed(t, w.env, args("tenant plan acme")...)); diff != "" {
		t.Errorf("tenant plan (-want +got):\n%s", diff)
	}
	succeed(t, w.env, args("tenant trial end acme")...)
	succeed(t, w.env, args("tenant override remove sso --tenant acme")...)
	if got := succeed(t, w.env, args("tenant plan acme")...); strings.Contains(got, "trial") || !strings.Contains(got, "sso           no   plan") {
		t.Errorf("tenant plan printed\n%swant neither trial nor override of sso", got)
	}
	if got := w.query(t, "SELECT string_agg(type, ' ' ORDER BY id) FROM events WHERE type ~ 'trial|override'"); got !=
		"tenant.trial_started tenant.override_set tenant.override_set tenant.trial_ended tenant.override_removed" {
		t.Errorf("events = %s", got)
	}
}

func TestTenantPlanSaysWhichLimitsAreGainedAndLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, limitedCatalog))
	w.tenant(t, "acme", "free")
	succeed(t, w.env, "catalog", "apply", catalogFile(t, strings.Replace(limitedCatalog, "{each: 5/s}", "{each: 2/s}", 1)))
	const want = `acme would move from free@1 to free@2
limit     -groups.check.each 5/s > 2/s
`
	if diff := cmp.Diff(want, succeed(t, w.env, args("tenant plan acme --plan free --dry-run")...)); diff != "" {
		t.Errorf("tenant plan --dry-run (-want +got):\n%s", diff)
	}
	type out struct {
		Limits []limitShift `json:"limits"`
	}
	var got out
	if err := json.Unmarshal([]byte(succeed(t, w.env, args("tenant plan acme --plan pro --dry-run --json")...)), &got); err != nil {
		t.Fatal(err)
	}
	all := []limitShift{{"requests", "60/min", "600/min", false}, {"groups.check.each", "5/s", "2/s", true}}
	if diff := cmp.Diff(all, got.Limits); diff != "" {
		t.Errorf("tenant plan --json (-want +got):\n%s", diff)
	}
}
