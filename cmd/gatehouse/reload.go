package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-2a059015/gatehouse"
)

// reload puts the catalog file in force again at each SIGHUP, until ctx ends. A file with mistakes is refused, and what is in force stays.
// Without a file the signal is taken and means nothing: it would end the server otherwise.
func reload(ctx context.Context, g *gatehouse.Gatehouse, file string, hup <-chan os.Signal, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		source, err := readCatalog(file)
		if err == nil && source != nil {
			err = g.ApplyCatalog(ctx, source)
		}
		switch {
		case err != nil:
			log.ErrorContext(ctx, "catalog_not_reloaded", "file", file, "error", err.Error())
		case source == nil:
			log.InfoContext(ctx, "catalog_not_reloaded", "error", "the server was started without --catalog")
		default:
			log.InfoContext(ctx, "catalog_reloaded", "file", file)
		}
	}
}

// hangups delivers SIGHUP until stop is called.
func hangups() (hup <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
