package main_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogExplainShowsGroupsAndVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grouped := strings.Replace(soldCatalog, "{feature: export}", "{feature: export, group: Files, title: Export, description: As CSV.}", 1)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, grouped))
	succeed(t, w.env, "catalog", "apply", catalogFile(t, strings.Replace(grouped, "team: 20", "team: 30", 1)))
	line := args("catalog explain --role admin --plan team --version 1 --details x:export --feature seats")
	const want = `allowed
permission  x:export  Export (Files)
            As CSV.
feature     export  export
            included by team@1, team@2, enterprise@1, enterprise@2
feature     seats  seats
            included by free@1 1, pro@1 5, team@1 20, team@2 30, enterprise@1 20, enterprise@2 30
`
	if diff := cmp.Diff(want, succeed(t, w.env, line...)); diff != "" {
		t.Errorf("catalog explain --details (-want +got):\n%s", diff)
	}
	if got, want := succeed(t, w.env, args("catalog explain --role admin --plan team --version 3 x:export")...), "refused: unknown_plan\n"; got != want {
		t.Errorf("catalog explain of no version printed %q, want %q", got, want)
	}
}

func TestCatalogExplainSaysWhyAndWhatWouldAllow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain := catalogFile(t, plainCatalog)
	succeed(t, w.env, "catalog", "apply", plain)
	for _, tt := range []struct{ question, want string }{
		{"--role owner --plan team x:export", "allowed"},
		{"--role owner --plan free --feature api_keys", "allowed"},
		{"--role owner --plan free x:export", "refused: feature_not_in_plan; the plan team would allow it"},
		{"--role viewer --plan team x:export", "refused: role_lacks_permission; the role owner would allow it"},
		{"--role viewer --plan pro x:see --feature export", "refused: role_lacks_permission; the role owner on the plan team would allow it"},
		{"--role viewer --plan free x:none", "refused: unknown_permission"},
		{"--role viewer --plan free --feature none", "refused: unknown_feature"},
		{"--role nobody --plan free x:see", "refused: unknown_role"},
		{"--role owner --plan gold x:see", "refused: unknown_plan"},
	} {
		line := append(args("catalog explain"), args(tt.question)...)
		if got := succeed(t, w.env, line...); got != tt.want+"\n" {
			t.Errorf("%q printed %q, want %q", line, got, tt.want)
		}
		if got := succeed(t, nil, append(line, "--catalog", plain)...); got != tt.want+"\n" {
			t.Errorf("%q --catalog printed %q, want %q", line, got, tt.want)
		}
	}
	got := succeed(t, nil, "catalog", "explain", "--role", "viewer", "--plan", "pro", "x:export", "--catalog", plain, "--json")
	want := map[string]any{
		"role": "viewer", "plan": "pro", "permission": "x:export", "allowed": false, "clause": "role_lacks_permission",
		"needs_role": "owner", "needs_plan": "team",
	}
	if diff := cmp.Diff(want, decode[map[string]any](t, got)); diff != "" {
		t.Errorf("catalog explain --json (-want +got):\n%s", diff)
	}
	if got := fail(t, nil, "catalog", "explain", "--role", "viewer", "--plan", "pro"); !strings.HasPrefix(got, "want a permission, --feature or both: ") {
		t.Errorf("catalog explain of nothing said %q", got)
	}
}

func TestCatalogExplainSaysHowMuchTrafficAPlanIsFor(t *testing.T) {
	t.Parallel()
	limited := catalogFile(t, "version: 1\nlimits: {free: {requests: 60/min burst 20, concurrent: 5, groups: {check: {requests: 10/s, each: 5/s}}}, pro: {concurrent: unlimited}}\n")
	line := append(args("catalog explain --limits --catalog"), limited, "--plan")
	want := "GROUP  REQUESTS         EACH\napi    60/min burst 20  unlimited\ncheck  10/s             5/s\nconcurrent: 5\n"
	if diff := cmp.Diff(want, succeed(t, nil, append(line, "free")...)); diff != "" {
		t.Errorf("catalog explain --limits (-want +got):\n%s", diff)
	}
	type traffic struct {
		Plan, Concurrent string
		Groups           []map[string]string
	}
	got := decode[traffic](t, succeed(t, nil, append(line, "team", "--json")...))
	if got.Plan != "team" || got.Concurrent != "unlimited" || len(got.Groups) != 2 || got.Groups[1]["each"] != "5/s" {
		t.Errorf("catalog explain --limits --json = %+v", got)
	}
	if got := fail(t, nil, append(line, "gold")...); !strings.HasPrefix(got, `unknown plan "gold"`) {
		t.Errorf("catalog explain --limits of no plan said %q", got)
	}
}

func TestCatalogExplainShowsTheLimitsOfAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, limitedCatalog))
	succeed(t, w.env, "catalog", "apply", catalogFile(t, strings.Replace(limitedCatalog, "600/min", "500/min", 1)))
	for version, want := range map[string]string{"1": "api    600/min    unlimited", "2": "api    500/min    unlimited"} {
		if got := succeed(t, w.env, append(args("catalog explain --limits --plan pro --version"), version)...); !strings.Contains(got, want) {
			t.Errorf("catalog explain --limits --version %s printed\n%swant %q", version, got, want)
		}
	}
	if got := fail(t, w.env, args("catalog explain --limits --plan pro --version 3")...); !strings.HasPrefix(got, "there is no version pro@3") {
		t.Errorf("catalog explain --limits of no version said %q", got)
	}
}
