package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Line is the canonical line of one request. Route is the pattern of the table and never what the client sent: paths and
// queries hold codes, tokens and names.
type Line struct {
	At        time.Time // when the answer was finished; zero means now
	RequestID string
	Tenant    string
	Kind      string // of the principal
	Principal string // its id
	Address   string
	Method    string
	Route     string
	Status    int
	Code      string // of the problem, if there was one
	Duration  time.Duration
	SQL       int64 // statements
	Bytes     int64 // of the body that was sent
	Cause     error // logged when Status is 500 or more
}

// Log writes the line: as an error when someone must act, else as information.
func (l Line) Log(ctx context.Context, log *slog.Logger) {
	level := slog.LevelInfo
	if l.Status >= 500 {
		level = slog.LevelError
	}
	if !log.Enabled(ctx, level) {
		return
	}
	if h, ours := log.Handler().(*handler); ours && !h.nested && level == slog.LevelInfo && h.out.line(&l) {
		return
	}
	attrs := make([]slog.Attr, 0, 13)
	attrs = append(attrs,
		slog.String("request_id", l.RequestID),
		slog.String("method", l.Method),
		slog.String("route", l.Route),
		slog.Int("status", l.Status),
		slog.Float64("duration_ms", milliseconds(l.Duration)),
		slog.Int64("sql", l.SQL),
		slog.Int64("bytes", l.Bytes),
	)
	for _, a := range [...]slog.Attr{
		slog.String("tenant", l.Tenant), slog.String("kind", l.Kind), slog.String("principal", l.Principal),
		slog.String("address", l.Address), slog.String("code", l.Code),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if l.Cause != nil && l.Status >= 500 {
		attrs = append(attrs, slog.String("cause", l.Cause.Error()))
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}
