package main_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/conformance"
)

// TestConformance attacks a server as an operator does who answers a questionnaire.
func TestConformance(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	dev(t, data, "--demo=false")
	p := start(t, program(nil, "conformance", "--data", data, "--quick", "--json"))
	select {
	case <-p.ended:
	case <-time.After(5 * patience):
		t.Fatalf("conformance does not end:\n%s", p.stderr)
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("conformance ended with %d: %s", code, p.stderr)
	}
	report := decode[conformance.Report](t, p.out.String())
	for _, f := range report.Failures {
		t.Errorf("%s (%s): %s: %s", f.ID, f.Variant, f.Title, f.Problem)
	}
	for _, s := range report.Skipped {
		t.Errorf("%s was not played: %s", s.Area, s.Why)
	}
	if len(report.Matrix) != len(conformance.Areas()) || report.Total.Attacks < 500 || report.Total.Refused != report.Total.Attacks {
		t.Errorf("the matrix is %+v, want each area, and more than 500 attacks, all refused", report.Matrix)
	}
	if report.Version != "v0.0.0-test" || !strings.HasPrefix(report.BaseURL, "http://127.0.0.1:") {
		t.Errorf("the report is of %s at %s", report.Version, report.BaseURL)
	}
	mustBeThrownAway(t, data)
}

func TestConformanceCleansUpWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	data := newFolder(t, os.Getuid())
	dev(t, data, "--demo=false")
	p := start(t, program(nil, "conformance", "--data", data))
	eventually(t, "the first tenants are there", func() bool {
		return strings.Contains(succeed(t, nil, "tenant", "list", "--data", data), "conformance-")
	})
	p.signal(t, syscall.SIGINT)
	if code, said := p.wait(t), p.stderr.String(); code != 1 || !strings.HasSuffix(said, "gatehouse: interrupted\n") {
		t.Errorf("conformance ended with %d after Ctrl-C and said %q, want 1 and that it was interrupted", code, said)
	}
	mustBeThrownAway(t, data)
}

// mustBeThrownAway holds an installation to have no tenant left.
func mustBeThrownAway(tb testing.TB, data string) {
	tb.Helper()
	if got, want := succeed(tb, nil, "tenant", "list", "--data", data, "--json"), "[]\n"; got != want {
		tb.Errorf("tenants after the run = %s, want none", got)
	}
}
