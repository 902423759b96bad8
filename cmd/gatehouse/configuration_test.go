package main_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	setting    = regexp.MustCompile("`env:\"(GATEHOUSE_[A-Z_]+)\"(?: envDefault:\"([^\"]+)\")?`")
	documented = regexp.MustCompile("(?m)^\\| `(GATEHOUSE_[A-Z_]+)` \\|([^|]*)\\|([^|]*)\\|[^|]+\\|$")
	required   = regexp.MustCompile(`(GATEHOUSE_[A-Z_]+) is missing`)
)

func read(tb testing.TB, file string) string {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	want, got := map[string]string{}, map[string]string{}
	for _, m := range setting.FindAllStringSubmatch(read(t, "settings.go"), -1) {
		want[m[1]] = m[2]
	}
	wantRequired, gotRequired := map[string]bool{}, map[string]bool{}
	for _, m := range required.FindAllStringSubmatch(fail(t, nil, "serve"), -1) {
		wantRequired[m[1]] = true
	}
	inCode := regexp.MustCompile("^ `([^`]+)` $")
	for _, m := range documented.FindAllStringSubmatch(read(t, "../../docs/configuration.md"), -1) {
		got[m[1]] = ""
		if d := inCode.FindStringSubmatch(m[3]); d != nil {
			got[m[1]] = d[1]
		}
		if m[2] == " yes " {
			gotRequired[m[1]] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 15 {
		t.Errorf("docs/configuration.md: variables and defaults (-settings.go +document):\n%s", diff)
	}
	if diff := cmp.Diff(wantRequired, gotRequired); diff != "" {
		t.Errorf("docs/configuration.md: required variables (-serve +document):\n%s", diff)
	}
}
