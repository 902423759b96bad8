package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

func TestAUD04LogInjection(t *testing.T) {
	t.Parallel()
	for name, hostile := range map[string]string{
		"line breaks":     "a\r\n{\"level\":\"INFO\",\"msg\":\"forged\"}",
		"escape sequence": "a\x1b[2Jb\x9bc",
		"line separator":  "a\u2028b\u2029c",
		"bidirectional":   "a\u202eb\u2066c",
		"zero width":      "a\u200bb\ufeffc",
		"NUL and DEL":     "a\x00b\x7fc",
		"not UTF-8":       "a\xff\xfeb",
		"a megabyte":      strings.Repeat("界", 1<<20/3),
		"a broken token":  "Bearer ghk_" + strings.Repeat("a", 60) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := telemetry.NewLogger(&out, slog.LevelInfo)
			log.Info("request", "user_agent", hostile, "cause", errors.New(hostile),
				slog.Group("peer", "name", hostile), "shape", struct{ Name string }{hostile})
			if n := strings.Count(out.String(), "\n"); n != 1 {
				t.Fatalf("lines for %q = %d, want 1", cut(hostile), n)
			}
			for _, r := range strings.TrimSuffix(out.String(), "\n") {
				if r < ' ' || strings.ContainsRune("\u2028\u2029\u202e\u2066\u200b\ufeff\u007f\u009b", r) {
					t.Errorf("log of %q holds %U, want it escaped", cut(hostile), r)
				}
			}
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("log of %q is not JSON: %v", cut(hostile), err)
			}
			if got := line["user_agent"].(string); len(got) > 1<<10 {
				t.Errorf("logged length of %q = %d, want at most 1 KiB", cut(hostile), len(got))
			}
		})
	}
}

func TestKEY10SecretsAreRedacted(t *testing.T) {
	t.Parallel()
	key := "ghk_" + strings.Repeat("0", 26) + "_" + strings.Repeat("1", 26) + "_" + strings.Repeat("x", 43) + "_abcdef"
	jwt := "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	log.Info("request", "authorization", "Bearer zzz", "client_secret", "zzz", "refresh_token", "zzz", "session_cookie", "zzz",
		"password", "zzz", "note", "got "+key+" and "+jwt, "cause", errors.New("parse "+key))
	for _, leak := range []string{"zzz", strings.Repeat("x", 43), "c2ln"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("log = %s, want no %q", out.String(), leak)
		}
	}
	if !strings.Contains(out.String(), "got [redacted] and [redacted]") {
		t.Errorf("log = %s, want the note with both credentials redacted", out.String())
	}
}

func TestLineNamesTheCauseOfServerErrorsOnly(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{403: false, 500: true, 503: true} {
		var out bytes.Buffer
		line := telemetry.Line{RequestID: "req_1", Method: "GET", Route: "/v1/me", Status: status, Cause: errors.New("the cause")}
		line.Log(t.Context(), telemetry.NewLogger(&out, slog.LevelInfo))
		if got := strings.Contains(out.String(), "the cause"); got != want {
			t.Errorf("Line{Status: %d} logs its cause = %v, want %v", status, got, want)
		}
	}
}

func TestLineFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	telemetry.Line{
		RequestID: "req_1", Tenant: "tnt_1", Kind: "member", Principal: "mem_1", Method: "GET", Route: "/v1/me",
		Status: 200, Duration: 1500 * time.Microsecond, SQL: 1, Bytes: 12,
	}.Log(t.Context(), telemetry.NewLogger(&out, slog.LevelInfo))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"level": "INFO", "request_id": "req_1", "tenant": "tnt_1", "kind": "member", "principal": "mem_1",
		"method": "GET", "route": "/v1/me", "status": 200.0, "duration_ms": 1.5, "sql": 1.0, "bytes": 12.0,
	} {
		if got[key] != want {
			t.Errorf("line[%q] = %v, want %v", key, got[key], want)
		}
	}
}

func cut(s string) string { return s[:min(len(s), 40)] }
