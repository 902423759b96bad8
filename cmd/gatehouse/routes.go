package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse"
)

func routesCommand() *cobra.Command {
	c := &cobra.Command{Use: "routes", Short: "Print the route table: who may call what", Args: nothing}
	c.RunE = func(c *cobra.Command, _ []string) error {
		table := gatehouse.Routes()
		return show(c, table.Rows(), func() error { return say(c, "%s", strings.TrimRight(table.Render(), "\n")) })
	}
	return printing(c)
}
