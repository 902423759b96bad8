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
