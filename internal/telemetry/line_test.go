package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

var lineTime = regexp.MustCompile(`^\{"time":"[^"]+",`)

// written returns the line without its time, which must be one.
func written(tb testing.TB, l telemetry.Line, log func(io.Writer) *slog.Logger) string {
	tb.Helper()
	var out bytes.Buffer
	l.Log(tb.Context(), log(&out))
	var line struct{ Time time.Time }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || time.Since(line.Time).Abs() > time.Minute {
		tb.Fatalf("the line %q has the time %v, %v", out.String(), line.Time, err)
	}
	return lineTime.ReplaceAllString(out.String(), "{")
}

func bySlog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: telemetry.Redact}))
}

func ours(w io.Writer) *slog.Logger { return telemetry.NewLogger(w, slog.LevelInfo) }

// The line is appended by hand where it can be: that must change no byte of it.
func FuzzLineIsWhatSlogWrites(f *testing.F) {
	f.Add("req_06h018d54sx5n9s5vhc1jvr8nr", "tnt_06h018cjh9vh321s2k49bhf4dm", "127.0.0.1", "", 200, int64(1234567), int64(0))
	f.Add("a\"b\\c", "ghk_"+strings.Repeat("a", 40), "::1", "<&>", 403, int64(999), int64(3))
	f.Add("\xff\u2028", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "\x7f", "\u00e9", 500, int64(1e15), int64(-1))
	f.Add(strings.Repeat("x", 2000), "", "", "a\nb", 0, int64(-1500), int64(1<<60))
	f.Fuzz(func(t *testing.T, request, tenant, address, code string, status int, took, n int64) {
		l := telemetry.Line{
			RequestID: request, Tenant: tenant, Kind: "member", Principal: tenant, Address: address, Method: "GET", Route: "GET /v1/me",
			Status: status, Code: code, Duration: time.Duration(took), SQL: n, Bytes: n, Cause: errors.New(code),
		}
		if got, want := written(t, l, ours), written(t, l, bySlog); got != want {
			t.Errorf("Line.Log = %s, want %s", got, want)
		}
	})
}

func TestLineKeepsTheAttributesOfItsLogger(t *testing.T) {
	t.Parallel()
	l := telemetry.Line{RequestID: "req_1", Method: "GET", Route: "GET /v1/me", Status: 200}
	with := func(log func(io.Writer) *slog.Logger) func(io.Writer) *slog.Logger {
		return func(w io.Writer) *slog.Logger { return log(w).With("instance", "a").WithGroup("http") }
	}
	if got, want := written(t, l, with(ours)), written(t, l, with(bySlog)); got != want {
		t.Errorf("Line.Log = %s, want %s", got, want)
	}
}

func TestLineAllocatesNothing(t *testing.T) { //nolint:paralleltest // others would be counted too
	log := telemetry.NewLogger(telemetry.NewWriter(io.Discard), slog.LevelInfo)
	l := telemetry.Line{
		RequestID: "req_1", Tenant: "tnt_1", Kind: "member", Principal: "mem_1", Address: "127.0.0.1", Method: "GET", Route: "GET /v1/me",
		Status: 200, Duration: time.Millisecond, Bytes: 12,
	}
	if got := testing.AllocsPerRun(1000, func() { l.Log(t.Context(), log) }); got > 0 {
		t.Errorf("allocations of a line = %v, want 0", got)
	}
}
