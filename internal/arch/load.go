package arch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Package is what the graph knows of one package. Paths are import paths; tests are those in and beside the package.
type Package struct {
	Path        string
	Module      string
	Imports     []string
	TestImports []string
}

// Load asks the go command for all packages of the module around dir.
func Load(ctx context.Context, dir string) ([]Package, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Module,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return nil, fmt.Errorf("list packages: %w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("list packages: %w", err)
	}
	var pkgs []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath                         string
			Module                             struct{ Path string }
			Imports, TestImports, XTestImports []string
		}
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the package list: %w", err)
		}
		pkgs = append(pkgs, Package{
			Path:        listed.ImportPath,
			Module:      listed.Module.Path,
			Imports:     listed.Imports,
			TestImports: append(listed.TestImports, listed.XTestImports...),
		})
	}
}
