package arch_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/arch"
)

func TestImportGraph(t *testing.T) {
	t.Parallel()
	pkgs, err := arch.Load(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range arch.Check(pkgs) {
		t.Error(wrong)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from    string
		imports []string // what begins with a dot is of this module
		tests   []string
		want    []string
	}{
		"down is allowed":                  {from: "tenants", imports: []string{"./rbac", "./internal/errs", "fmt"}},
		"up is not":                        {from: "rbac", imports: []string{"./tenants"}, want: []string{"rbac imports tenants, which stands above it"}},
		"beside is not":                    {from: "api", imports: []string{"./console"}, want: []string{"api imports console, which stands beside it"}},
		"inside a feature is allowed":      {from: "sso", imports: []string{"./sso/oidc"}},
		"the root imports what is below":   {from: ".", imports: []string{"./api", "./console"}},
		"nothing below imports the root":   {from: "api", imports: []string{"."}, want: []string{"api imports ., which stands above it"}},
		"a place is needed":                {from: "internal/util", want: []string{"internal/util stands on no floor: give it a place in internal/arch/layers.go"}},
		"a program imports all":            {from: "cmd/gatehouse", imports: []string{".", "./testidp", "./client", "./internal/devpg"}},
		"a program is not imported":        {from: "api", imports: []string{"./cmd/gatehouse"}, want: []string{"api imports cmd/gatehouse: nothing imports a program"}},
		"nor by another program":           {from: "bench", imports: []string{"./cmd/gatehouse"}, want: []string{"bench imports cmd/gatehouse: nothing imports a program"}},
		"nor by tests":                     {from: "api", tests: []string{"./cmd/gatehouse"}, want: []string{"api has tests that import cmd/gatehouse: a program is not imported, run it instead"}},
		"tests may import upward":          {from: "rbac", tests: []string{"./tenants", "./internal/testdb"}},
		"a peer is for programs and tests": {from: "sso/oidc", imports: []string{"./testidp"}, want: []string{"sso/oidc imports testidp: only programs and tests import a test peer"}},
		"a peer imports mechanics":         {from: "internal/testdb", imports: []string{"./internal/db", "./internal/devpg", "./migrations"}},
		"a peer imports no feature":        {from: "testidp", imports: []string{"./sso"}, want: []string{"testidp imports sso: a test peer imports no floor above that of internal/events"}},
		"a harness imports all":            {from: "internal/apitest", imports: []string{".", "./testidp", "github.com/getkin/kin-openapi/openapi3"}},
		"but no program":                   {from: "internal/apitest", imports: []string{"./cmd/gatehouse"}, want: []string{"internal/apitest has tests that import cmd/gatehouse: a program is not imported, run it instead"}},
		"a harness is for tests":           {from: "api", imports: []string{"./internal/apitest"}, want: []string{"api imports internal/apitest: only tests import a test harness"}},
		"tests import a harness":           {from: "api", tests: []string{"./internal/apitest"}},
		"the client stands apart":          {from: "client", imports: []string{"./internal/errs"}, want: []string{"client imports internal/errs: it stands apart and imports nothing of this module"}},
		"the product does not use it":      {from: "api", imports: []string{"./client"}, want: []string{"api imports client: only programs import it"}},
		"a library at home":                {from: "sso/oidc", imports: []string{"golang.org/x/oauth2", "github.com/coreos/go-oidc/v3/oidc"}},
		"a library elsewhere":              {from: "api", imports: []string{"golang.org/x/oauth2/google"}, want: []string{"api imports golang.org/x/oauth2/google, which is confined to sso/oidc"}},
		"a library with a similar name":    {from: "api", imports: []string{"golang.org/x/oauth2x"}},
		"a library for tests":              {from: "api", imports: []string{"github.com/chromedp/chromedp"}, want: []string{"api imports github.com/chromedp/chromedp, which only test files may import"}},
		"tests import any library":         {from: "api", tests: []string{"github.com/chromedp/chromedp", "golang.org/x/oauth2"}},
		"a feature uses the mapper":        {from: "tenants", imports: []string{"gorm.io/gorm"}},
		"a feature knows no web framework": {
			from: "tenants", imports: []string{"github.com/labstack/echo/v4"},
			want: []string{"tenants imports github.com/labstack/echo/v4, which is confined to internal/web, api/..., " +
				"console/..., ., cmd/..., examples/..., bench/..., internal/e2e/..."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pkg := arch.Package{
				Path: path(tt.from), Module: module,
				Imports: paths(tt.imports), TestImports: paths(tt.tests),
			}
			if diff := cmp.Diff(tt.want, arch.Check([]arch.Package{pkg})); diff != "" {
				t.Errorf("Check(%+v) (-want +got):\n%s", pkg, diff)
			}
		})
	}
}

const module = "example.com/gatehouse"

// path makes an import path from a path inside the module.
func path(rel string) string {
	if rel == "." {
		return module
	}
	return module + "/" + strings.TrimPrefix(rel, "./")
}

func paths(all []string) []string {
	var out []string
	for _, p := range all {
		if strings.HasPrefix(p, ".") {
			p = path(p)
		}
		out = append(out, p)
	}
	return out
}
