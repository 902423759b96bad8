package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// lister is a command that prints the things of one tenant: all of them, however many.
type lister[Row, Line any] struct {
	short   string
	heading []string
	rows    func(context.Context, *target, *db.TenantTx) ([]Row, error)
	line    func(Row) Line // as JSON
	columns func(Line) []string
}

func (l lister[Row, Line]) command() *cobra.Command {
	var slug string
	c := &cobra.Command{Use: "list --tenant SLUG", Short: l.short, Args: nothing}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		var rows []Row
		err = t.within(ctx, slug, func(tx *db.TenantTx) error {
			rows, err = l.rows(ctx, t, tx)
			return err
		})
		if err != nil {
			return err
		}
		return list(c, rows, l.heading, l.line, l.columns)
	}
	return printing(data(c))
}

// list prints rows, as JSON if asked to.
func list[Row, Line any](c *cobra.Command, rows []Row, heading []string, line func(Row) Line, columns func(Line) []string) error {
	lines := make([]Line, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, line(r))
	}
	return show(c, lines, func() error {
		var cells [][]string
		for _, l := range lines {
			cells = append(cells, columns(l))
		}
		return table(c, heading, cells)
	})
}

// all reads page after page; next gives the page after an id, of at most n rows.
func all[Row, ID any](next func(after ID, n int) ([]Row, error), id func(Row) ID) ([]Row, error) {
	const size = 500
	var rows []Row
	var after ID
	for {
		page, err := next(after, size)
		if err != nil || len(page) == 0 {
			return rows, err
		}
		rows = append(rows, page...)
		after = id(page[len(page)-1])
	}
}
