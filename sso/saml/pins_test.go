package saml_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestPins holds the libraries at the versions in which their known holes are closed: goxmldsig 1.6.1 (CVE-2026-33487 and GHSA-qhrp-hfff-vphr),
// etree 1.8.1 (GHSA-qm2r-qg5g-crr3 and two more, which the Go vulnerability database does not list). crewjam/saml alone asks for less.
func TestPins(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for path, floor := range map[string][3]int{
		"github.com/russellhaering/goxmldsig":           {1, 6, 1},
		"github.com/beevik/etree":                       {1, 8, 1},
		"github.com/mattermost/xml-roundtrip-validator": {0, 1, 0},
	} {
		lines := regexp.MustCompile(`(?m)^.*`+regexp.QuoteMeta(path)+`[ \t].*$`).FindAllString(string(file), -1)
		if len(lines) != 1 || strings.Contains(lines[0], "=>") {
			t.Errorf("go.mod speaks of %s in %q, want one requirement and no replacement", path, lines)
			continue
		}
		if used := release(t, lines[0]); less(used, floor) {
			t.Errorf("%s is at %v, want %v or later", path, used, floor)
		}
	}
}

// release reads the version of a line of go.mod. A version that is no release is 0.0.0.
func release(tb testing.TB, line string) (v [3]int) {
	tb.Helper()
	parts := regexp.MustCompile(`[ \t]v(\d+)\.(\d+)\.(\d+)(?:[ \t]|$)`).FindStringSubmatch(line)
	if parts == nil {
		return v
	}
	for i := range v {
		n, err := strconv.Atoi(parts[i+1])
		if err != nil {
			tb.Fatal(err)
		}
		v[i] = n
	}
	return v
}

func less(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
