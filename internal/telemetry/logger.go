package telemetry

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns a logger that writes one JSON object a line to w. Values of keys that name a secret are replaced,
// and every text passes [Clean]. If w is a [Writer], the lines of answered requests wait in it for others; everything else is written at
// once, with what waited before it.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	out := newOutput(w)
	return slog.New(&handler{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: Redact}), out, false})
}

// Redact is the ReplaceAttr of [NewLogger], for a handler of another shape.
func Redact(_ []string, a slog.Attr) slog.Attr {
	if secretKey(a.Key) && a.Value.Kind() != slog.KindBool {
		return slog.String(a.Key, redacted)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Clean(a.Value.String()))
	case slog.KindAny:
		if text, ok := textOf(a.Value.Any()); ok {
			a.Value = slog.StringValue(Clean(text))
		}
	default: // numbers, times and groups, whose members come here by themselves
	}
	return a
}

// textOf renders what the JSON handler would otherwise marshal by itself, out of our sight. A level or a source keeps its
// own form.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case nil, slog.Level, *slog.Source:
		return "", false
	case error:
		return v.Error(), true
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		if err != nil {
			return "!" + err.Error(), true
		}
		return string(b), true
	default:
		return fmt.Sprintf("%+v", v), true
	}
}

// secretKey knows the names under which secrets travel. A key that is refused too much costs a redacted number; one
// forgotten costs a leak.
func secretKey(key string) bool {
	switch key {
	case "time", "level", "msg", "request_id", "method", "route", "status", "duration_ms", "sql", "bytes", "tenant", "kind",
		"principal", "address", "code", "cause":
		return false // the canonical line, which is most of them
	}
	key = strings.ToLower(key)
	switch key {
	case "authorization", "cookie", "set_cookie", "set-cookie", "x-api-key", "api_key", "assertion", "saml_response",
		"code_verifier", "nonce", "state", "private_key", "dsn", "database_url":
		return true
	}
	for _, part := range [...]string{"secret", "password", "passwd", "token", "credential", "cookie"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
