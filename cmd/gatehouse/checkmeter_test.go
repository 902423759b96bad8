package main_test

import (
	"encoding/json"
	"regexp"
	"testing"
)

const checkedMeters = unaddedCatalog + "  visitors: {numbers: {free: 10}, period: month, meter: {aggregation: unique}}\n" +
	"  letters: {numbers: {free: unlimited}, meter: true}\n  exports: {numbers: {free: 1}, meter: {limit: soft}}\n"

func TestCheckAsksOfAMeterAndTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	succeed(t, w.env, "catalog", "apply", catalogFile(t, checkedMeters))
	w.tenant(t, "acme", "free")
	ask := func(line string) result {
		return command(t, w.env, append([]string{"check", "--as", "owner@acme.example", "--tenant", "acme"}, args(line)...)...)
	}
	const resets = `resets at \d{4}-\d\d-01T00:00:00Z`
	for range 2 { // nothing was taken the first time
		for _, tc := range []struct {
			line           string
			code           int
			stdout, stderr string
		}{
			{"tenant:write --meter ai.tokens --quantity 1000", 0, `^allowed: .*\nai\.tokens: 0 of 1000 used, 1000 remaining, ` + resets + ` \(quantity by month, of the tenant, by the plan\)\n$`, `^$`},
			{"--meter ai.tokens --quantity 1001", 1, `^refused: .*: quota_exceeded\nai\.tokens: 0 of 1000 used, 1000 remaining, `, `^$`},
			{"nothing:here --meter ai.tokens", 1, `^refused: .*: unknown_permission\n$`, `^$`},
			{"--meter peak --quantity 10", 0, `^allowed: `, `^$`},
			{"--meter peak --quantity 11", 1, `quota_exceeded`, `^$`},
			{"--meter exports --quantity 2", 0, `^allowed: .*\nexports: 0 of 1 used, .*; over a soft limit\n$`, `^$`},
			{"--meter letters", 0, `^allowed: .*\nletters: unlimited\n$`, `^$`},
			{"--meter nothing", 1, `unknown_meter`, `^$`},
			{"--meter visitors", 1, `^$`, `unique things`},
			{"tenant:write --quantity 2", 1, `^$`, `of a --meter`},
			{"--meter ai.tokens --quantity 0", 1, `^$`, `at least 1`},
		} {
			r := ask(tc.line)
			if r.code != tc.code || !regexp.MustCompile(tc.stdout).MatchString(r.out) || !regexp.MustCompile(tc.stderr).MatchString(r.err) {
				t.Errorf("check %s = %d, %q, %q, want %d, %s, %s", tc.line, r.code, r.out, r.err, tc.code, tc.stdout, tc.stderr)
			}
		}
	}
	if n := w.query(t, "SELECT CAST((SELECT count(*) FROM quota_leases) + (SELECT count(*) FROM usage_events) + (SELECT COALESCE(sum(used + leased), 0) FROM quotas) AS text)"); n != "0" {
		t.Errorf("taken, counted, used and lent = %s, want nothing", n)
	}
	succeed(t, w.env, "quota", "set", "ai.tokens", "--tenant", "acme", "--of", "user", "--period", "day", "--amount", "7")
	if r := ask("--meter ai.tokens --quantity 8"); r.code != 1 || !regexp.MustCompile(`0 of 7 used, 7 remaining, .* \(quantity by day, of the member\)\n$`).MatchString(r.out) {
		t.Errorf("check above the member's own budget = %d, %q, %q, want it refused by that", r.code, r.out, r.err)
	}
	var out struct {
		Allowed bool
		Quota   struct{ Limit, Remaining int64 }
	}
	r := ask("--meter ai.tokens --quantity 7 --json")
	if err := json.Unmarshal([]byte(r.out), &out); err != nil || !out.Allowed || out.Quota.Limit != 7 || out.Quota.Remaining != 7 {
		t.Errorf("check --json = %q, %v, want allowed with 7 of 7 remaining", r.out, err)
	}
}
