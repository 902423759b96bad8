package main_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"
)

func TestCheckAsksAboutAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, err := filepath.Abs("../../catalog/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	succeed(t, w.env, "catalog", "apply", file)
	succeed(t, w.env, "tenant", "create", "--slug", "acme", "--name", "Acme", "--plan", "free", "--owner", "ada@acme.example")
	var people []struct {
		Member string `json:"membership_id"`
		User   string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(succeed(t, w.env, "user", "list", "--tenant", "acme", "--json")), &people); err != nil || len(people) != 1 {
		t.Fatalf("user list = %v, %v", people, err)
	}
	for _, as := range []string{"ada@acme.example", "Ada@ACME.example", people[0].Member, people[0].User} {
		got := succeed(t, w.env, "check", "--as", as, "--tenant", "acme", "chat:use")
		if want := "allowed: " + people[0].Member + " (owner on free)\n"; got != want {
			t.Errorf("check --as %s printed %q, want %q", as, got, want)
		}
	}
	for what, c := range map[string]struct {
		args           []string
		stdout, stderr string
	}{
		"a plan that is too small": {[]string{"ada@acme.example", "agents:run", "--feature", "ai.agents"}, `^refused: mem_\w+ \(owner on free\): feature_not_in_plan; needs the plan pro\n$`, `^$`},
		"a feature alone":          {[]string{"ada@acme.example", "--feature", "sso"}, `feature_not_in_plan`, `^$`},
		"no such permission":       {[]string{"ada@acme.example", "chat:usee"}, `unknown_permission`, `^$`},
		"nobody":                   {[]string{"eve@acme.example", "chat:use"}, `^$`, `member "eve@acme.example"`},
		"no question":              {[]string{"ada@acme.example"}, `^$`, `want a permission`},
		"no address":               {[]string{"ada", "chat:use"}, `^$`, `e-mail address`},
	} {
		r := command(t, w.env, append([]string{"check", "--tenant", "acme", "--as"}, c.args...)...)
		if r.code != 1 || !regexp.MustCompile(c.stdout).MatchString(r.out) || !regexp.MustCompile(c.stderr).MatchString(r.err) {
			t.Errorf("%s: %d, %q, %q, want 1, %s, %s", what, r.code, r.out, r.err, c.stdout, c.stderr)
		}
	}
}
