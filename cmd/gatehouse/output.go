package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// printing adds --json to a command that prints data.
func printing(c *cobra.Command) *cobra.Command {
	c.Flags().Bool("json", false, "print JSON")
	return c
}

// show prints v as JSON if asked to, and otherwise calls text.
func show(c *cobra.Command, v any, text func() error) error {
	asJSON, err := c.Flags().GetBool("json")
	if err != nil {
		return fmt.Errorf("read --json: %w", err)
	}
	if !asJSON {
		return text()
	}
	return printIndented(c, v)
}

func printIndented(c *cobra.Command, v any) error {
	enc := json.NewEncoder(c.OutOrStdout())
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// table prints rows under a heading.
func table(c *cobra.Command, heading []string, rows [][]string) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return w.Flush()
}

// say prints one line.
func say(c *cobra.Command, format string, args ...any) error {
	if _, err := fmt.Fprintf(c.OutOrStdout(), format+"\n", args...); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
