package console_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/console"
)

var update = flag.Bool("update", false, "write the golden files")

// hash is the part of a static file's name that moves with its content.
var hash = regexp.MustCompile(`\.[0-9a-f]{12}\.`)

func TestPagesLookAsReviewed(t *testing.T) {
	t.Parallel()
	for _, s := range console.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			got := hash.ReplaceAllString(draw(t, s), ".HASH.")
			golden := filepath.Join("testdata", s.Name+".html")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("page %s (-want +got):\n%s", s.Name, diff)
			}
		})
	}
}

func TestWEB28NoPageRunsWhatPeopleCallThemselves(t *testing.T) {
	t.Parallel()
	ownScript := regexp.MustCompile(`<script src="/gate/static/[a-z]+\.[0-9a-f]{12}\.js" defer></script>`)
	for _, s := range console.Samples() {
		page := ownScript.ReplaceAllString(draw(t, s), "")
		for _, bad := range []string{"<script", "<img src=x", "<style", " style=", " onload=", " onclick=", "javascript:"} {
			if strings.Contains(page, bad) {
				t.Errorf("page %s contains %q", s.Name, bad)
			}
		}
	}
}

func TestEveryPageHasASample(t *testing.T) {
	t.Parallel()
	drawn := map[string]bool{}
	for _, s := range console.Samples() {
		drawn[console.FileOf(s)] = true
	}
	for file := range console.Every() {
		if !drawn[file] {
			t.Errorf("page %s has no sample", file)
		}
	}
}

func draw(tb testing.TB, s console.Sample) string {
	tb.Helper()
	var b bytes.Buffer
	if err := console.Draw(&b, "https://id.example.com/gate", s); err != nil {
		tb.Fatalf("page %s: %v", s.Name, err)
	}
	return b.String()
}
