package plot_test

import (
	"maps"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/console/plot"
)

var variable = regexp.MustCompile(`(--[a-z-]+): (#[0-9a-f]{3,6});`)

// colors reads the variables of a stylesheet, in light or in dark.
func colors(css string, dark bool) map[string]string {
	found := map[string]string{}
	for i, part := range strings.Split(css, "prefers-color-scheme: dark") {
		if i > 0 {
			part, _, _ = strings.Cut(part, "\n}\n")
		}
		if dark || i == 0 {
			for _, m := range variable.FindAllStringSubmatch(part, -1) {
				found[m[1]] = m[2]
			}
		}
	}
	return found
}

// luminance is that of WCAG 2.2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(color, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	var parts [3]float64
	for i := range parts {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatalf("the color %q: %v", color, err)
		}
		if c := float64(n) / 255; c <= 0.04045 {
			parts[i] = c / 12.92
		} else {
			parts[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*parts[0] + 0.7152*parts[1] + 0.0722*parts[2]
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestColorsAreToldApartInLightAndDark(t *testing.T) {
	t.Parallel()
	picture := string(plot.Picture(series(1).Draw(plot.Wide), 100))
	var pages strings.Builder
	for _, name := range []string{"base.css", "sso.css"} {
		css, err := os.ReadFile("../style/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pages.Write(css)
	}
	for _, dark := range []bool{false, true} {
		own, page := colors(picture, dark), map[string]string{}
		for css := range strings.SplitSeq(pages.String(), "/* Single sign-on") {
			maps.Copy(page, colors(css, dark))
		}
		for name, color := range own {
			if page[name] != color {
				t.Errorf("dark %v: %s of a picture is %s, and of a page %s", dark, name, color, page[name])
			}
		}
		for name, least := range map[string]float64{"--ink": 4.5, "--ink-soft": 4.5, "--danger": 4.5, "--bar-good": 3, "--bar-bad": 3, "--line-strong": 3} {
			if got := contrast(t, own[name], own["--surface"]); got < least {
				t.Errorf("dark %v: %s has the contrast %.1f, want %.1f", dark, name, got, least)
			}
		}
	}
}
