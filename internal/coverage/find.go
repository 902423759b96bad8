package coverage

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Test is a function that names a case.
type Test struct{ File, Name string }

// Find returns the tests of all packages below tree, by the ids of the cases that they name.
func Find(tree fs.FS) (map[string][]Test, error) {
	packages := map[string][]declaration{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == "internal/coverage", name == "testidp": // name cases as examples, and do not test the product
			return fs.SkipDir
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		found, err := read(tree, name)
		packages[path.Dir(name)] = append(packages[path.Dir(name)], found...)
		return err
	})
	if err != nil {
		return nil, err
	}
	tests := map[string][]Test{}
	for _, declarations := range packages {
		for _, d := range declarations {
			if d.test {
				for _, id := range named(d, declarations) {
					tests[id] = append(tests[id], Test{d.file, d.name})
				}
			}
		}
	}
	for _, list := range tests {
		slices.SortFunc(list, func(a, b Test) int { return strings.Compare(a.File+a.Name, b.File+b.Name) })
	}
	return tests, nil
}

// declaration is a function or a variable of a test file.
type declaration struct {
	file, name string
	test       bool
	ids        []string        // that it names
	uses       map[string]bool // identifiers
}

// named is what a test names itself and in the tables that it reads. It does not follow helpers: those serve many tests.
func named(test declaration, all []declaration) []string {
	ids := slices.Clone(test.ids)
	for _, d := range all {
		if !d.test && test.uses[d.name] {
			ids = append(ids, d.ids...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func read(tree fs.FS, name string) ([]declaration, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	var found []declaration
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if ids := ofName(d.Name.Name); d.Recv == nil {
				test := strings.HasPrefix(d.Name.Name, "Test") || strings.HasPrefix(d.Name.Name, "Fuzz")
				found = append(found, declare(name, d.Name.Name, test, ids, d))
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					found = append(found, declare(name, v.Names[0].Name, false, nil, v))
				}
			}
		}
	}
	return found, nil
}

func declare(file, name string, test bool, ids []string, node ast.Node) declaration {
	d := declaration{file: file, name: name, test: test, ids: ids, uses: map[string]bool{}}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			d.uses[n.Name] = true
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				d.ids = append(d.ids, ofText(text)...)
			}
		}
		return true
	})
	return d
}

// Unknown lists the ids that tests name and that are no case, such as one with a digit too many.
func Unknown(sections []Section, tests map[string][]Test) []string {
	known := map[string]bool{}
	for _, s := range sections {
		for _, c := range s.Cases {
			known[c.ID] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(tests)), func(id string) bool { return known[id] })
}
