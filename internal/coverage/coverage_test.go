package coverage_test

import (
	"flag"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/coverage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const document = "../../docs/security-coverage.md"

func TestGoldenSecurityCoverage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("cases.tsv")
	if err != nil {
		t.Fatal(err)
	}
	sections, err := coverage.Parse(string(text))
	if err != nil {
		t.Fatalf("cases.tsv: %v", err)
	}
	tests, err := coverage.Find(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range coverage.Gaps(sections, tests) {
		t.Error(gap)
	}
	for _, id := range coverage.Unknown(sections, tests) {
		t.Errorf("%s of %s names %s, which is no case", tests[id][0].Name, tests[id][0].File, id)
	}
	got := coverage.Render(sections, tests)
	if *update {
		if err := os.WriteFile(document, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/security-coverage.md is out of date, run make golden (-file +tests):\n%s", diff)
	}
}

func TestFindReadsNamesStringsAndTables(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"a/a_test.go": {Data: []byte(`package a_test
			func TestWEB22JSONAbuse(t *testing.T) {}
			func TestOIDC_006_012_XT_038_Two(t *testing.T) {}
			func TestSSRF_01_to_03_Range(t *testing.T) { helper() }
			func TestSubtests(t *testing.T) { t.Run("KEY-05 twice", nil) }
			func FuzzTEN_14_Cursor(f *testing.F) {}
			func helper() { /* AUD-01 */ }`)},
		"a/b_test.go": {Data: []byte(`package a_test
			var table = map[string]int{"OIDC-030-none": 1}
			func TestTable(t *testing.T) { _ = table }
			func TestOther(t *testing.T) {} // DB-01`)},
		"a/a.go":               {Data: []byte(`package a; const c = "DB-02"`)},
		"a/testdata/x_test.go": {Data: []byte(`not Go`)},
	}
	want := map[string][]coverage.Test{}
	for id, test := range map[string]string{
		"WEB-22": "TestWEB22JSONAbuse", "OIDC-006": "TestOIDC_006_012_XT_038_Two", "OIDC-012": "TestOIDC_006_012_XT_038_Two",
		"XT-38": "TestOIDC_006_012_XT_038_Two", "SSRF-01": "TestSSRF_01_to_03_Range", "SSRF-02": "TestSSRF_01_to_03_Range",
		"SSRF-03": "TestSSRF_01_to_03_Range", "KEY-05": "TestSubtests", "TEN-14": "FuzzTEN_14_Cursor",
	} {
		want[id] = []coverage.Test{{File: "a/a_test.go", Name: test}}
	}
	want["OIDC-030"] = []coverage.Test{{File: "a/b_test.go", Name: "TestTable"}}
	got, err := coverage.Find(tree)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
}

func TestACaseHasATestOrWaits(t *testing.T) {
	t.Parallel()
	sections, err := coverage.Parse("# One\nAZ-01\ttested\nAZ-02\tforgotten\nAZ-03\twaiting\tgroups\nAZ-04\tboth\tgroups\n")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]coverage.Test{"AZ-01": {{"a_test.go", "TestA"}}, "AZ-04": {{"a_test.go", "TestB"}}, "AZ-99": {{"a_test.go", "TestC"}}}
	want := []string{"AZ-02 (forgotten) has no test", "AZ-04 waits for groups, and TestB tests it"}
	if diff := cmp.Diff(want, coverage.Gaps(sections, tests)); diff != "" {
		t.Errorf("Gaps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"AZ-99"}, coverage.Unknown(sections, tests)); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"AZ-01\tno section\n", "# S\nAZ-01\n", "# S\nAZ-1\tshort\n", "# S\nAZ-01\t \n", "# S\nAZ-01\tx\t\n", "# S\nAZ-01\tx\nAZ-01\ty\n",
		"# S\nAZ-01\tx\ty\tz\n",
	} {
		if _, err := coverage.Parse(text); err == nil {
			t.Errorf("Parse(%q) = nil, want an error", text)
		}
	}
}
