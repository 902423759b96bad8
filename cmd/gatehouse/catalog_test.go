package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/catalog"
)

// catalogFile writes a file of its own and returns its path.
func catalogFile(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "catalog.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

const (
	plainCatalog = "version: 1\nfeatures: {export: {from: team}}\npermissions:\n  x:see:\n  x:export: {feature: export}\nroles:\n  owner: {permissions: [x:see, x:export]}\n"
	openCatalog  = "version: 1\nfeatures: {export: {from: pro}}\npermissions:\n  x:see:\n  x:export: {feature: export}\nroles:\n  owner: {permissions: [x:export]}\n  admin: {permissions: [x:see]}\n"
)

func TestCatalogValidateSaysAllMistakesWithTheirPlaces(t *testing.T) {
	t.Parallel()
	good := catalogFile(t, plainCatalog)
	if got, want := succeed(t, nil, "catalog", "validate", good), good+" is valid\n"; got != want {
		t.Errorf("catalog validate printed %q, want %q", got, want)
	}
	bad := catalogFile(t, "version: 1\nplanz: {}\nplans:\n  gold: {title: Gold}\n")
	r := command(t, nil, "catalog", "validate", bad)
	want := bad + `:2:1: catalog: unknown key "planz"; did you mean "plans"?` + "\n" +
		bad + `:4:3: unknown plan "gold": it is one of [free pro team enterprise]` + "\n"
	if r.code != 1 || r.out != want || r.err != "gatehouse: "+bad+" is not a valid catalog; mistakes: 2\n" {
		t.Errorf("catalog validate ended with %d, printed\n%s and said %q, want\n%s", r.code, r.out, r.err, want)
	}
	type out struct {
		Valid    bool `json:"valid"`
		Mistakes []struct {
			File    string `json:"file"`
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Message string `json:"message"`
		} `json:"mistakes"`
	}
	r = command(t, nil, "catalog", "validate", "--json", bad)
	if got := decode[out](t, r.out); r.code != 1 || got.Valid || len(got.Mistakes) != 2 || got.Mistakes[1].File != bad || got.Mistakes[1].Line != 4 || got.Mistakes[1].Column != 3 {
		t.Errorf("catalog validate --json ended with %d and printed %s, want both mistakes", r.code, r.out)
	}
	if got := decode[out](t, succeed(t, nil, "catalog", "validate", "--json", good)); !got.Valid || got.Mistakes == nil {
		t.Errorf("catalog validate --json = %+v, want it valid, with an empty list", got)
	}
	if got := fail(t, nil, "catalog", "validate", filepath.Join(t.TempDir(), "none.yaml")); !strings.HasPrefix(got, "read the catalog: open ") {
		t.Errorf("catalog validate of no file said %q, want that it is not there", got)
	}
}

func TestCatalogSchemaIsThatOfThePackage(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(string(catalog.Schema()), succeed(t, nil, "catalog", "schema")); diff != "" {
		t.Errorf("catalog schema (-want +got):\n%s", diff)
	}
}

type inForce struct {
	Version int64  `json:"version"`
	Hash    string `json:"hash"`
	Changed bool   `json:"changed"`
}

func TestCatalogApplyMakesVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := fail(t, w.env, "catalog", "show"); !strings.HasPrefix(got, "no catalog is in force yet") {
		t.Errorf("catalog show of nothing said %q", got)
	}
	first, second := catalogFile(t, plainCatalog), catalogFile(t, openCatalog)
	for _, step := range []struct{ file, want string }{
		{first, "version 1 is in force\n"},
		{first, "nothing has changed: this is version 1 already\n"},
		{second, "version 2 is in force\n"},
		{first, "version 3 is in force\n"},
	} {
		if got := succeed(t, w.env, "catalog", "apply", step.file); got != step.want {
			t.Errorf("catalog apply printed %q, want %q", got, step.want)
		}
	}
	sum := sha256.Sum256([]byte(plainCatalog))
	hash := hex.EncodeToString(sum[:])
	if got, want := decode[inForce](t, succeed(t, w.env, "catalog", "apply", first, "--json")), (inForce{3, hash, false}); got != want {
		t.Errorf("catalog apply --json = %+v, want %+v", got, want)
	}
	before := w.everything(t)
	if got := fail(t, w.env, "catalog", "apply", catalogFile(t, "version: 2\n")); !strings.Contains(got, ":1:10: catalog: version must be 1") {
		t.Errorf("catalog apply of a bad file said %q, want its mistake", got)
	}
	if diff := cmp.Diff(before, w.everything(t)); diff != "" {
		t.Errorf("a refused catalog changed the database (-before +after):\n%s", diff)
	}
	if got := w.query(t, "SELECT count(*)::text FROM events WHERE type = 'catalog.applied'"); got != "3" {
		t.Errorf("%s events say that a catalog was applied, want 3", got)
	}
	got := decode[struct {
		Version   int64     `json:"version"`
		Hash      string    `json:"hash"`
		AppliedAt time.Time `json:"applied_at"`
		Source    string    `json:"source"`
	}](t, succeed(t, w.env, "catalog", "show", "--json"))
	if got.Version != 3 || got.Hash != hash || time.Since(got.AppliedAt).Abs() > time.Hour || got.Source != plainCatalog {
		t.Errorf("catalog show --json = %+v, want version 3", got)
	}
	if got := succeed(t, w.env, "catalog", "show", "--source"); got != plainCatalog {
		t.Errorf("catalog show --source printed %q, want the file", got)
	}
	if got := succeed(t, w.env, "catalog", "show"); !strings.HasPrefix(got, "version  3\nhash     "+hash+"\napplied  ") || !strings.HasSuffix(got, "\n\n"+plainCatalog) {
		t.Errorf("catalog show printed %q, want what is in force", got)
	}
}

func TestCatalogApplyReachesARunningServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "pro")
	succeed(t, w.env, "catalog", "apply", catalogFile(t, plainCatalog))
	_, c := w.serve(t, w.env)
	c.ready(t, 200)
	c.key = w.key(t, "acme", "admin").Secret
	allowed := func() bool {
		status, got := c.call(t, "POST", "/v1/check", map[string]string{"permission": "x:see"})
		if status != 200 {
			t.Fatalf("POST /v1/check = %d %v, want an answer", status, got)
		}
		return got["allowed"] == true
	}
	if allowed() {
		t.Fatal("admin has x:see before the catalog that gives it")
	}
	succeed(t, w.env, "catalog", "apply", catalogFile(t, openCatalog))
	for deadline := time.Now().Add(patience); !allowed(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not follow the catalog that was applied")
		}
	}
}

func TestServeReadsItsCatalogAgainAtSIGHUP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "pro")
	file := catalogFile(t, plainCatalog)
	p, c := w.serve(t, w.env, "--catalog", file)
	c.ready(t, 200)
	c.key = w.key(t, "acme", "admin").Secret
	allowed := func() bool {
		_, got := c.call(t, "POST", "/v1/check", map[string]string{"permission": "x:see"})
		return got["allowed"] == true
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.signal(t, syscall.SIGHUP)
	}
	if allowed() {
		t.Fatal("admin has x:see before the catalog that gives it")
	}
	write("version: 2\n")
	p.says(t, p.stderr, `"msg":"catalog_not_reloaded".*version must be 1`)
	if allowed() || w.query(t, "SELECT max(version)::text FROM catalogs") != "1" {
		t.Error("a file with mistakes was put in force")
	}
	write(openCatalog)
	p.says(t, p.stderr, `"msg":"catalog_reloaded"`)
	for deadline := time.Now().Add(patience); !allowed(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not follow its file")
		}
	}
}

type changed struct {
	Role           string   `json:"role"`
	Plan           string   `json:"plan"`
	Gained         []string `json:"gained"`
	Lost           []string `json:"lost"`
	GainedFeatures []string `json:"gained_features"`
	LostFeatures   []string `json:"lost_features"`
}

type difference struct {
	Changes []changed `json:"changes"`
	Numbers []struct {
		Plan    string `json:"plan"`
		Feature string `json:"feature"`
		From    any    `json:"from"`
		To      any    `json:"to"`
	} `json:"numbers"`
	Versions []struct {
		Version   string    `json:"version"`
		Tenants   int       `json:"tenants"`
		Slugs     []string  `json:"slugs"`
		AtOnce    []changed `json:"at_once"`
		WhenMoved []changed `json:"when_moved"`
	} `json:"versions"`
}

func TestCatalogDiffSaysWhoGainsAndLoses(t *testing.T) {
	t.Parallel()
	before, after := catalogFile(t, plainCatalog), catalogFile(t, openCatalog)
	const want = `ROLE    PLAN        PERMISSIONS  FEATURES
viewer  pro         =            +export
member  pro         =            +export
admin   free        +x:see       =
admin   pro         +x:see       +export
admin   team        +x:see       =
admin   enterprise  +x:see       =
owner   pro         +x:export    +export
`
	if diff := cmp.Diff(want, succeed(t, nil, "catalog", "diff", before, after)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
	got := decode[difference](t, succeed(t, nil, "catalog", "diff", after, before, "--json"))
	last := changed{"owner", "pro", []string{}, []string{"x:export"}, []string{}, []string{"export"}}
	if len(got.Changes) != 7 || got.Versions != nil || !cmp.Equal(got.Changes[6], last) {
		t.Errorf("catalog diff --json = %+v, want 7 changes, the last %+v, and no versions", got, last)
	}
	if got, want := succeed(t, nil, "catalog", "diff", before, before), "no role gains or loses anything\n"; got != want {
		t.Errorf("catalog diff of a file with itself printed %q, want %q", got, want)
	}
	if got := fail(t, nil, "catalog", "diff", before); !strings.HasPrefix(got, "want two arguments: gatehouse catalog diff OLD NEW") {
		t.Errorf("catalog diff of one file said %q", got)
	}
	if got := fail(t, nil, "catalog", "diff", catalogFile(t, "version: 2\n"), catalogFile(t, "version: 3\n")); strings.Count(got, "version must be 1") != 2 {
		t.Errorf("catalog diff of bad files said %q, want the mistakes of both", got)
	}
}

func TestCatalogDiffSaysWhatTheTenantsOfEachVersionGainAndLose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := catalogFile(t, plainCatalog)
	if got := fail(t, nil, "catalog", "diff", "--tenants", before, before); !strings.HasPrefix(got, "no database: ") {
		t.Errorf("catalog diff --tenants without a database said %q", got)
	}
	succeed(t, w.env, "catalog", "apply", before)
	w.tenant(t, "acme", "pro")
	w.tenant(t, "beta", "pro")
	w.tenant(t, "globex", "team")
	// The feature is sold from a lower plan: who has a version keeps it, and gains by a move.
	lower := catalogFile(t, strings.Replace(plainCatalog, "team", "pro", 1))
	got := decode[difference](t, succeed(t, w.env, "catalog", "diff", before, lower, "--json"))
	if len(got.Versions) != 1 || got.Versions[0].Version != "pro@1" || got.Versions[0].Tenants != 2 ||
		!cmp.Equal(got.Versions[0].Slugs, []string{"acme", "beta"}) || len(got.Versions[0].AtOnce) != 0 || len(got.Versions[0].WhenMoved) != 4 {
		t.Errorf("catalog diff = %+v, want pro@1 alone, with two tenants whose four roles gain when moved", got.Versions)
	}
	// What a role holds changes for all at once.
	open := catalogFile(t, openCatalog)
	text := succeed(t, w.env, "catalog", "diff", before, open)
	if !regexp.MustCompile(`\n\nVERSION +WHEN +ROLE +PERMISSIONS +FEATURES\npro@1 +at once +admin +\+x:see +=\n(pro@1 +when moved .*\n){4}team@1 +at once +admin +\+x:see +=\n`).MatchString(text) ||
		!strings.HasSuffix(text, "\nVERSION  TENANTS  SLUGS\npro@1    2        acme beta\nteam@1   1        globex\n") {
		t.Errorf("catalog diff printed\n%s", text)
	}
	// Once applied, there is nothing more that comes at once; and the version that nobody has is not listed.
	succeed(t, w.env, "catalog", "apply", lower)
	succeed(t, w.env, args("tenant plan acme --plan pro")...)
	got = decode[difference](t, succeed(t, w.env, "catalog", "diff", lower, before, "--json"))
	if len(got.Versions) != 1 || got.Versions[0].Version != "pro@2" || got.Versions[0].Tenants != 1 {
		t.Errorf("catalog diff = %+v, want pro@2 alone, which acme has", got.Versions)
	}
	if got := succeed(t, w.env, "catalog", "diff", lower, lower); !strings.HasPrefix(got, "no role gains or loses anything\n") {
		t.Errorf("catalog diff of a file with itself printed %q", got)
	}
}

func TestCatalogDiffShowsNumbers(t *testing.T) {
	t.Parallel()
	before, after := catalogFile(t, soldCatalog), catalogFile(t, strings.Replace(soldCatalog, "pro: 5, team: 20", "pro: 6, team: unlimited", 1))
	const want = `PLAN        NUMBER  FROM  TO
pro         seats   5     6
team        seats   20    unlimited
enterprise  seats   20    unlimited
`
	if diff := cmp.Diff(want, succeed(t, nil, "catalog", "diff", before, after)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
}

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

// The page is run as a reader would run it: in the order of the page, in a folder that has the file it shows.
func TestThePageAboutTheCatalogWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant(t, "acme", "pro")
	succeed(t, w.env, "catalog", "apply", catalogFile(t, plainCatalog))
	page := read(t, "../../docs/catalog.md")
	block := func(language string) (text string) {
		for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
			text += found[1]
		}
		return text
	}
	shown := catalogFile(t, block("yaml"))
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", block("sh"))
	cmd.Dir = filepath.Dir(shown)
	cmd.Env = append([]string{fmt.Sprintf("PATH=%s:%s", filepath.Dir(binary), os.Getenv("PATH"))}, w.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of docs/catalog.md: %v\n%s", err, out)
	}
	for _, promised := range regexp.MustCompile("answers `([^`]*)`").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(string(out), "\n"+promised[1]+"\n") {
			t.Errorf("the commands of docs/catalog.md do not say %q:\n%s", promised[1], out)
		}
	}
	_, rest, _ := strings.Cut(succeed(t, nil, "catalog", "--help"), "Available Commands:\n")
	list, _, _ := strings.Cut(rest, "\n\n")
	for line := range strings.Lines(list) {
		if name := strings.Fields(line)[0]; !strings.Contains(block("sh"), "gatehouse catalog "+name+" ") && !strings.Contains(block("sh"), "gatehouse catalog "+name+"\n") {
			t.Errorf("docs/catalog.md does not show gatehouse catalog %s", name)
		}
	}
}
