package problems_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// codesOfTree finds the codes in the source below root: the literals given to errs.New, what the constructors of errs make,
// and the constants of the types whose values are codes too. The value says where.
func codesOfTree(tb testing.TB, root string) map[string]string {
	tb.Helper()
	found := map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testidp" || path != root && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		add := func(code string, at token.Pos) { found[code] = files.Position(at).String() }
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if code, ok := codeOfCall(f, n); ok {
					add(code, n.Pos())
				}
			case *ast.ValueSpec:
				for _, code := range codesOfConstants(f, n) {
					add(code, n.Pos())
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	if len(found) < 50 {
		tb.Fatalf("found only %d codes below %s", len(found), root)
	}
	return found
}

// codeOfCall reads errs.New(kind, "code", …), also as New within errs itself.
func codeOfCall(f *ast.File, call *ast.CallExpr) (string, bool) {
	name := ""
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok && x.Name == "errs" {
			name = fun.Sel.Name
		}
	case *ast.Ident:
		if f.Name.Name == "errs" {
			name = fun.Name
		}
	}
	if name != "New" || len(call.Args) != 3 {
		return "", false
	}
	return literal(call.Args[1])
}

// codesOfConstants reads the constants whose value becomes a code: reasons, clauses, and those that are named for it.
func codesOfConstants(f *ast.File, spec *ast.ValueSpec) []string {
	kind, ok := spec.Type.(*ast.Ident)
	named := strings.EqualFold(spec.Names[0].Name, "noCatalog") // access: the clause of a decision without a catalog
	if selected, is := spec.Type.(*ast.SelectorExpr); is {      // access: the clauses of a quantity
		named = named || selected.Sel.Name == "Clause"
	}
	typed := ok && (f.Name.Name == "sso" && kind.Name == "Reason" || f.Name.Name == "rbac" && kind.Name == "Clause")
	if !named && !typed {
		return nil
	}
	var codes []string
	for _, v := range spec.Values {
		if code, ok := literal(v); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}
