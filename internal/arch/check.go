package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Check compares packages with the tables and returns one line for each import that should not be, sorted.
func Check(pkgs []Package) []string {
	var wrong []string
	for _, pkg := range pkgs {
		c := checker{pkg: pkg, rel: relative(pkg.Module, pkg.Path)}
		c.place = placeOf(c.rel)
		c.check()
		wrong = append(wrong, c.wrong...)
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// checker judges the imports of one package.
type checker struct {
	pkg   Package
	rel   string
	place place
	wrong []string
}

func (c *checker) check() {
	if c.place.kind == unknown {
		c.fail("stands on no floor: give it a place in internal/arch/layers.go")
		return
	}
	imports, tests := c.pkg.Imports, c.pkg.TestImports
	if c.place.kind == harness {
		imports, tests = nil, append(slices.Clone(tests), imports...)
	}
	for _, path := range imports {
		if inside(c.pkg.Module, path) {
			c.own(relative(c.pkg.Module, path))
		} else {
			c.library(path)
		}
	}
	for _, path := range tests {
		rel := relative(c.pkg.Module, path)
		if to := placeOf(rel); inside(c.pkg.Module, path) && to.kind == program && to.feature != c.place.feature {
			c.fail("has tests that import %s: a program is not imported, run it instead", rel)
		}
	}
}

// own judges an import inside the module.
func (c *checker) own(rel string) {
	from, to := c.place, placeOf(rel)
	switch {
	case to.kind == unknown: // reported where that package is checked
	case from.kind == to.kind && from.feature == to.feature:
	case from.kind == alone:
		c.fail("imports %s: it stands apart and imports nothing of this module", rel)
	case to.kind == program:
		c.fail("imports %s: nothing imports a program", rel)
	case to.kind == harness:
		c.fail("imports %s: only tests import a test harness", rel)
	case from.kind == program:
	case to.kind == alone:
		c.fail("imports %s: only programs import it", rel)
	case to.kind == peer:
		c.fail("imports %s: only programs and tests import a test peer", rel)
	case from.kind == peer:
		if to.floor > placeOf(peerCeiling).floor {
			c.fail("imports %s: a test peer imports no floor above that of %s", rel, peerCeiling)
		}
	case to.floor > from.floor:
		c.fail("imports %s, which stands above it", rel)
	case to.floor == from.floor && !slices.Contains(arrows, [2]string{from.feature, to.feature}):
		c.fail("imports %s, which stands beside it", rel)
	}
}

// library judges an import of someone else's package.
func (c *checker) library(path string) {
	for _, rule := range confined {
		if !inside(rule.library, path) {
			continue
		}
		if _, ok := match(rule.to, c.rel); ok {
			continue
		}
		if len(rule.to) == 0 {
			c.fail("imports %s, which only test files may import", path)
			continue
		}
		c.fail("imports %s, which is confined to %s", path, strings.Join(rule.to, ", "))
	}
}

func (c *checker) fail(format string, args ...any) {
	c.wrong = append(c.wrong, c.rel+" "+fmt.Sprintf(format, args...))
}

// relative is the path inside the module, "." for its root.
func relative(module, path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}
