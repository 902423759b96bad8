package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse"
)

// TestForwardAuthServesOurOwnPages demands that a page which Gatehouse gains is not 404 behind the documented proxies.
func TestForwardAuthServesOurOwnPages(t *testing.T) {
	t.Parallel()
	list := regexp.MustCompile(`\((login\|[^)]*)\)`)
	for _, name := range []string{"nginx.conf", "Caddyfile", "envoy.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "forward-auth", name))
		if err != nil {
			t.Fatal(err)
		}
		found := list.FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s does not list Gatehouse's own paths", name)
		}
		served := regexp.MustCompile("^/(" + strings.ReplaceAll(string(found[1]), `\\`, `\`) + ")(/|$)")
		for _, row := range gatehouse.Routes().Rows() {
			switch row.Path {
			case "/", "/healthz", "/readyz": // the product's home, and what only operators ask
			default:
				if !served.MatchString(row.Path) {
					t.Errorf("%s does not pass %s on to Gatehouse", name, row.Path)
				}
			}
		}
	}
}
