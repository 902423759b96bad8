package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// group is a command that only holds others. Without their name it shows them; a wrong one is a failure and not a page of help.
func group(use, short string, under ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q; see %s --help", args[0], c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(under...)
	return c
}

// nothing refuses arguments.
func nothing(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q; see %s --help", args[0], c.CommandPath())
	}
	return nil
}

// one demands the one argument that the command is about.
func one(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument: %s", c.UseLine())
	}
	return nil
}

// required refuses the command without these flags, and with one that is empty.
func required(c *cobra.Command, flags ...string) {
	for _, f := range flags {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // the flag is not defined: a mistake of this program
		}
	}
}
