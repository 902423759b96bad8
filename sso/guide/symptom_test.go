package guide_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// TestEverySymptomIsProducedByATest holds the guides to the product: a mistake is told by the reason code of an attempt, and for each of these
// codes there is a test that makes a sign-in end with it.
func TestEverySymptomIsProducedByATest(t *testing.T) {
	t.Parallel()
	constant := constants(t)
	var tests strings.Builder
	for _, dir := range []string{"..", "../../internal/attack", "../../internal/e2e"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || strings.Contains(path, "guide") {
				return err
			}
			text, err := os.ReadFile(path)
			tests.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all := tests.String()
	for _, g := range guide.All() {
		for _, m := range g.Mistakes {
			named := regexp.MustCompile(`\bsso\.` + constant[m.Reason] + `\b|["` + "`" + ` ]` + m.Reason + `["` + "`" + ` ]`)
			if constant[m.Reason] == "" || !named.MatchString(all) {
				t.Errorf("%s by %s: no test makes a sign-in end with %s", g.Name, g.Protocol, m.Reason)
			}
		}
	}
}

// constants are the names of the reasons by their codes.
func constants(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range []string{"../reason.go", "../reason_saml.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Reason = "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			found[m[2]] = m[1]
		}
	}
	return found
}
