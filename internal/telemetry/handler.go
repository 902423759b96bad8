package telemetry

import (
	"context"
	"log/slog"
)

// handler is the JSON handler of package slog, which writes what it is given at once, and beside it a short way for the canonical lines of
// requests, which may wait in a [Writer].
type handler struct {
	slog.Handler
	out    *output
	nested bool // within attributes or groups, which the short way does not write
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	return h.out.flush()
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.out, true}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.out, true}
}
