package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/catalog"
)

func catalogCommand() *cobra.Command {
	return group("catalog", "Check, compare, apply and explain the catalog of permissions, roles, plans and features",
		catalogValidate(), catalogShow(), catalogApply(), catalogDiff(), catalogExplain(), catalogSchema())
}

// parseCatalog reads a catalog file. If something is wrong with what it says, the error is catalog.Mistakes.
func parseCatalog(file string) (*catalog.Catalog, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return catalog.Parse(file, b)
}

type mistakeLine struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// catalogValidate prints mistakes as compilers do and not in the one line of an error: editors and CI systems make links of them.
func catalogValidate() *cobra.Command {
	c := &cobra.Command{
		Use:   "validate FILE",
		Short: "Say everything that is wrong with a catalog file, each mistake with its line and column",
		Long:  "Needs no database and no configuration. Fails if there is any mistake.",
		Args:  one,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		_, err := parseCatalog(args[0])
		mistakes, wrong := errors.AsType[catalog.Mistakes](err)
		if err != nil && !wrong {
			return err
		}
		lines := make([]mistakeLine, 0, len(mistakes))
		for _, m := range mistakes {
			lines = append(lines, mistakeLine{m.File, m.Line, m.Column, m.Message})
		}
		out := struct {
			Valid    bool          `json:"valid"`
			Mistakes []mistakeLine `json:"mistakes"`
		}{!wrong, lines}
		err = show(c, out, func() error {
			if wrong {
				return say(c, "%v", mistakes)
			}
			return say(c, "%s is valid", args[0])
		})
		if err == nil && wrong {
			err = fmt.Errorf("%s is not a valid catalog; mistakes: %d", args[0], len(mistakes))
		}
		return err
	}
	return printing(c)
}

func catalogSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print a JSON Schema of the catalog file, for editors that complete and underline",
		Example: "  gatehouse catalog schema > catalog.schema.json",
		Args:    nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := c.OutOrStdout().Write(catalog.Schema()); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			return nil
		},
	}
}
