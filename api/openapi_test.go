package api_test

import (
	"flag"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/api"
	"github.com/seed-2a059015/gatehouse/api/openapi"
	"github.com/seed-2a059015/gatehouse/api/problems"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// compareGolden holds got to a file of the repository, or writes it with -update.
func compareGolden(tb testing.TB, name string, got []byte) {
	tb.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		tb.Errorf("%s is out of date, run make golden (-file +table):\n%s", name, diff)
	}
}

func TestGoldenOpenAPI(t *testing.T) {
	t.Parallel()
	got, err := openapi.Describe(openapi.Source{Table: new(api.API).Routes(), Raw: api.RawAnswers(), Reads: api.RawReads(), Codes: problems.Codes()})
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "openapi.yaml", got)

	doc, err := openapi3.NewLoader().LoadFromData(got)
	if err != nil {
		t.Fatalf("the document cannot be loaded: %v", err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the document is not valid OpenAPI: %v", err)
	}
}

// The table is what a security review reads: each change of it is a change of this file.
func TestGoldenRoutes(t *testing.T) {
	t.Parallel()
	compareGolden(t, "routes.golden", []byte(new(api.API).Routes().Render()))
}
