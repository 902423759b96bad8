package main_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/testdns"
)

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	seen := 0
	var visit func(path []string)
	visit = func(path []string) {
		seen++
		help := succeed(t, nil, append(slices.Clone(path), "--help")...)
		usage := "gatehouse " + strings.Join(path, " ")
		if first, _, _ := strings.Cut(help, "\n"); len(first) < 15 || !strings.Contains(help, strings.TrimSpace(usage)) {
			t.Errorf("%s --help = %q, want a sentence and how to call it", usage, help)
		}
		_, list, _ := strings.Cut(help, "Available Commands:\n")
		list, _, _ = strings.Cut(list, "\n\n")
		for line := range strings.Lines(list) {
			if name := strings.Fields(line)[0]; name != "help" {
				visit(append(slices.Clone(path), name))
			}
		}
	}
	visit(nil)
	if seen < 29 {
		t.Errorf("found %d commands, want all of them", seen)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if got, want := succeed(t, nil, "--version"), "gatehouse version v0.0.0-test\n"; got != want {
		t.Errorf("--version printed %q, want %q", got, want)
	}
}

func TestRoutesPrintsTheTable(t *testing.T) {
	t.Parallel()
	text := succeed(t, nil, "routes")
	for _, want := range []string{`(?m)^POST +/v1/check +self`, `(?m)^GET +/v1/members +members:read`, `(?m)^POST +/login/link `} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("routes printed no row like %s:\n%s", want, text)
		}
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(succeed(t, nil, "routes", "--json")), &rows); err != nil || len(rows) != strings.Count(text, "\n")-1 {
		t.Errorf("routes --json has %d rows (%v), want %d as in the text", len(rows), err, strings.Count(text, "\n")-1)
	}
}

func TestALifeOfATenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme := w.tenant(t, "acme", "team")
	if !strings.HasPrefix(acme.Link, "https://login.example.com/login/link#ghl_") || !strings.HasPrefix(acme.Tenant, "tnt_") ||
		!strings.HasPrefix(acme.Owner, "mem_") || acme.Plan != "team" {
		t.Errorf("tenant create = %+v, want ids and a sign-in link", acme)
	}
	type line struct {
		ID      string `json:"tenant_id"`
		Slug    string `json:"slug"`
		Name    string `json:"name"`
		Status  string `json:"status"`
		Plan    string `json:"plan"`
		Created string `json:"created_at"`
	}
	list := func() []line { return decode[[]line](t, succeed(t, w.env, "tenant", "list", "--json")) }
	if got := list(); len(got) != 1 || got[0].Slug != "acme" || got[0].Name != "acme" || got[0].Status != "active" || got[0].ID != acme.Tenant {
		t.Errorf("tenant list = %+v, want acme, active", got)
	}
	if got := decode[line](t, succeed(t, w.env, "tenant", "suspend", "acme", "--reason", "unpaid", "--json")); got.Status != "suspended" {
		t.Errorf("tenant suspend = %+v, want it suspended", got)
	}
	if got := list(); got[0].Status != "suspended" {
		t.Errorf("tenant list after suspend = %+v, want it suspended", got)
	}
	if got, want := succeed(t, w.env, "tenant", "resume", "acme"), "acme is active\n"; got != want {
		t.Errorf("tenant resume printed %q, want %q", got, want)
	}
	events := w.query(t, "SELECT string_agg(type, ' ' ORDER BY id) FROM events WHERE type LIKE 'tenant.%'")
	if want := "tenant.created tenant.suspended tenant.resumed"; events != want {
		t.Errorf("events = %q, want %q", events, want)
	}
	if got, want := succeed(t, w.env, "tenant", "list"), "acme"; !strings.Contains(got, want) || !strings.HasPrefix(got, "ID ") {
		t.Errorf("tenant list printed %q, want a table with %s", got, want)
	}
}

func TestALifeOfADomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "team")
	type line struct {
		ID         string `json:"domain_id"`
		Domain     string `json:"domain"`
		Status     string `json:"status"`
		Connection string `json:"connection_id"`
		Verified   string `json:"verified_at"`
		VerifiedBy string `json:"verified_by"`
		Result     string `json:"last_result"`
		Next       string `json:"next_check_at"`
		Name       string `json:"txt_name"`
		Value      string `json:"txt_value"`
	}
	dns := testdns.Start(t)
	env := w.with("GATEHOUSE_DNS_RESOLVER", dns.Addr)
	added := decode[line](t, succeed(t, env, "domain", "add", "proven.example", "--tenant", "acme", "--json"))
	if got := decode[line](t, succeed(t, env, "domain", "check", "proven.example", "--tenant", "acme", "--json")); got.Status != "pending" || got.Result != "missing" {
		t.Errorf("domain check = %+v, want it pending, the record missing", got)
	}
	shown := succeed(t, env, "domain", "check", "proven.example", "--tenant", "acme")
	if want := "proven.example is pending: the record is missing\nSet this record in the DNS:\n  _gatehouse-challenge.proven.example. TXT \"" + added.Value + "\"\n"; shown != want {
		t.Errorf("domain check printed %q, want %q", shown, want)
	}
	dns.Set(added.Name, added.Value)
	if got := decode[line](t, succeed(t, env, "domain", "check", "proven.example", "--tenant", "acme", "--json")); got.Status != "verified" || got.VerifiedBy != "dns" {
		t.Errorf("domain check = %+v, want it verified by dns", got)
	}
	if got := decode[line](t, succeed(t, w.env, "domain", "add", "ACME.example", "--tenant", "acme", "--json")); got.Status != "pending" || got.Domain != "acme.example" {
		t.Errorf("domain add = %+v, want acme.example, pending", got)
	}
	if got := decode[line](t, succeed(t, w.env, "domain", "verify", "acme.example", "--tenant", "acme", "--json")); got.Status != "verified" || got.VerifiedBy != "operator" || got.Verified == "" {
		t.Errorf("domain verify = %+v, want it verified", got)
	}
	again := succeed(t, w.env, "domain", "verify", "acme.example", "--tenant", "acme")
	if want := "acme.example is verified\n"; again != want {
		t.Errorf("domain verify again printed %q, want %q", again, want)
	}
	got := decode[[]line](t, succeed(t, w.env, "domain", "list", "--tenant", "acme", "--json"))
	if len(got) != 2 || got[0].Status != "verified" || !strings.HasPrefix(got[0].ID, "dom_") {
		t.Errorf("domain list = %+v, want acme.example, verified", got)
	}
}

func TestALifeOfAnAPIKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "team")
	k := w.key(t, "acme", "admin")
	if !strings.HasPrefix(k.Secret, "ghk_") || !strings.HasSuffix(k.Secret, k.Hint) || k.Role != "admin" {
		t.Errorf("apikey create = %+v, want a key of an administrator", k)
	}
	second := succeed(t, w.env, "apikey", "create", "--tenant", "acme", "--role", "viewer", "--name", "robot", "--expires-in", "1h")
	if !strings.HasPrefix(second, "ghk_") || strings.Count(second, "\n") != 1 {
		t.Errorf("apikey create printed %q, want the key alone", second)
	}
	list := func() (names []string) {
		printed := succeed(t, w.env, "apikey", "list", "--tenant", "acme", "--json")
		if strings.Contains(printed, "ghk_") {
			t.Error("apikey list shows the keys themselves")
		}
		for _, k := range decode[[]apiKey](t, printed) {
			names = append(names, k.Name+" "+k.Role)
		}
		return names
	}
	if diff := cmp.Diff([]string{"command line admin", "robot viewer"}, list()); diff != "" {
		t.Errorf("apikey list (-want +got):\n%s", diff)
	}
	if got, want := succeed(t, w.env, "apikey", "revoke", k.ID, "--tenant", "acme"), k.ID+" is revoked\n"; got != want {
		t.Errorf("apikey revoke printed %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"robot viewer"}, list()); diff != "" {
		t.Errorf("apikey list after revoke (-want +got):\n%s", diff)
	}
	if stored := w.everything(t); strings.Contains(stored, k.Secret) || strings.Contains(stored, strings.TrimSpace(second)) {
		t.Error("a key stands in the database as it was shown")
	}
}

func TestUserListShowsTheOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme := w.tenant(t, "acme", "team")
	type line struct {
		Member string `json:"membership_id"`
		User   string `json:"user_id"`
		Email  string `json:"email"`
		Name   string `json:"name"`
		Role   string `json:"role"`
		Status string `json:"status"`
	}
	got := decode[[]line](t, succeed(t, w.env, "user", "list", "--tenant", "acme", "--json"))
	if len(got) != 1 || got[0].Email != "owner@acme.example" || got[0].Role != "owner" || got[0].Status != "active" || got[0].Member != acme.Owner {
		t.Errorf("user list = %+v, want the owner", got)
	}
	// Rules, reports and checks name people by the id of the user, so that the table has it too.
	printed := strings.Split(succeed(t, w.env, "user", "list", "--tenant", "acme"), "\n")
	want := []string{acme.Owner, got[0].User, "owner@acme.example"}
	if heading, row := strings.Fields(printed[0]), strings.Fields(printed[1]); !slices.Equal(heading, []string{"MEMBERSHIP", "USER", "EMAIL", "NAME", "ROLE", "STATUS"}) ||
		!slices.Equal(row[:3], want) || !strings.HasPrefix(got[0].User, "usr_") {
		t.Errorf("user list printed %q, want a row of %q", printed, want)
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got, want := succeed(t, w.env, "tenant", "list", "--json"), "[]\n"; got != want {
		t.Errorf("tenant list --json of nothing printed %q, want %q", got, want)
	}
	w.tenant(t, "acme", "free")
	for _, line := range []string{"domain list", "apikey list"} {
		if got, want := succeed(t, w.env, append(args(line), "--tenant", "acme", "--json")...), "[]\n"; got != want {
			t.Errorf("%s --json of nothing printed %q, want %q", line, got, want)
		}
	}
}

func TestMigrateDownAndUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type step struct {
		Version int64  `json:"version"`
		Name    string `json:"name"`
		Applied bool   `json:"applied"`
	}
	applied := func() (n int) {
		for _, s := range decode[[]step](t, succeed(t, w.env, "migrate", "status", "--json")) {
			if s.Applied {
				n++
			}
		}
		return n
	}
	all := applied()
	if got := succeed(t, w.env, "migrate", "down"); !strings.HasPrefix(got, "the database is at version ") || applied() != all-1 {
		t.Errorf("migrate down printed %q and left %d of %d applied, want one less", got, applied(), all)
	}
	if got := fail(t, w.env, "config", "check"); !strings.Contains(got, "run gatehouse migrate up") {
		t.Errorf("config check of an older schema said %q, want what to run", got)
	}
	for range 2 {
		if got := succeed(t, w.env, "migrate", "up"); !strings.HasPrefix(got, "the database is at version ") || applied() != all {
			t.Errorf("migrate up printed %q and left %d of %d applied, want all", got, applied(), all)
		}
	}
	if got, want := succeed(t, w.env, "config", "check"), "the configuration is complete\n"; got != want {
		t.Errorf("config check printed %q, want %q", got, want)
	}
	if got := decode[map[string]bool](t, succeed(t, w.env, "config", "check", "--json")); !got["ok"] {
		t.Errorf("config check --json = %v, want ok", got)
	}
}
