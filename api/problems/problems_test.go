package problems_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/api/problems"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const golden = "../../docs/problems.md"

func TestGoldenMarkdown(t *testing.T) {
	t.Parallel()
	got := problems.Markdown()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date, run make golden (-file +list):\n%s", golden, diff)
	}
}

func TestEveryCodeIsExplainedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range problems.All() {
		if seen[p.Code] {
			t.Errorf("%s is explained twice", p.Code)
		}
		seen[p.Code] = true
		if !regexp.MustCompile(`^[a-z][a-z0-9_]+$`).MatchString(p.Code) {
			t.Errorf("the code %q is not in snake_case", p.Code)
		}
		if len(p.Status) == 0 || p.Meaning == "" || p.Remedy == "" {
			t.Errorf("%s has statuses %v, meaning %q and remedy %q, want all of them", p.Code, p.Status, p.Meaning, p.Remedy)
		}
	}
}

// A code that nobody can look up is a riddle; one that is no longer answered is noise.
func TestEveryCodeOfTheProgramIsExplained(t *testing.T) {
	t.Parallel()
	documented := problems.Codes()
	answered := codesOfTree(t, "../..")
	for code, where := range answered {
		if !slices.Contains(documented, code) && internalOnly[code] == "" {
			t.Errorf("%s answers with %q, which api/problems does not explain", where, code)
		}
	}
	for _, code := range documented {
		if answered[code] == "" {
			t.Errorf("api/problems explains %q, which nothing answers with", code)
		}
	}
}

// internalOnly are codes that no client can see, and why.
var internalOnly = map[string]string{
	"client_closed": "the client is gone; only the log has it",
	"status":        "the cause of connection_invalid",
}

func TestThePageHasAnAnchorForEveryCode(t *testing.T) {
	t.Parallel()
	page, err := problems.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range problems.Codes() {
		if !bytes.Contains(page, []byte(`id="`+code+`"`)) {
			t.Errorf("the page has no anchor %q", code)
		}
	}
	if s := string(page); strings.Contains(s, "<script") || strings.Contains(s, "style=") {
		t.Error("the page has inline script or style, which its policy forbids")
	}
}
