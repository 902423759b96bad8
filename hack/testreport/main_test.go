package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// module is a throw-away module whose only package has the test given.
func module(t *testing.T, body string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.com/sample\n\ngo 1.24\n",
		"s_test.go": "package sample\n\nimport \"testing\"\n\n" + body,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// report runs the tests of a module through the command, and returns its output and whether it was content.
func report(t *testing.T, dir string) (string, bool) {
	t.Helper()
	tests := exec.CommandContext(t.Context(), "go", "test", "-json", "./...")
	tests.Dir = dir
	tests.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	events, _ := tests.Output() // it fails in most cases, as it should

	reader := exec.CommandContext(t.Context(), "go", "run", ".")
	reader.Stdin = bytes.NewReader(events)
	out, err := reader.CombinedOutput()
	return string(out), err == nil
}

func TestReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		ok   bool
		want []string
		not  []string
	}{
		"a passing package is one line": {
			body: "func TestA(t *testing.T) { t.Log(\"quiet\") }\n",
			ok:   true,
			want: []string{"ok  \texample.com/sample"},
			not:  []string{"quiet", "=== RUN"},
		},
		"a failing test shows its output and not its neighbor's": {
			body: "func TestA(t *testing.T) { t.Log(\"quiet\") }\nfunc TestB(t *testing.T) { t.Error(\"loud\") }\n",
			want: []string{"--- FAIL: TestB", "loud", "FAIL\texample.com/sample", "tests failed"},
			not:  []string{"quiet"},
		},
		"a skipped test fails": {
			body: "func TestA(t *testing.T) { t.Skip(\"no reason\") }\n",
			want: []string{"no reason", "1 skipped", "example.com/sample TestA"},
		},
		"a skipped subtest fails": {
			body: "func TestA(t *testing.T) { t.Run(\"deep\", func(t *testing.T) { t.SkipNow() }) }\n",
			want: []string{"1 skipped", "example.com/sample TestA/deep"},
		},
		"a panic is shown": {
			body: "func TestA(t *testing.T) { panic(\"boom\") }\n",
			want: []string{"boom", "tests failed"},
		},
		"a crash shows the test that never ended": {
			body: "func TestA(t *testing.T) { go func() { panic(\"boom\") }(); select {} }\n",
			want: []string{"boom", "tests failed"},
		},
		"what does not compile is shown": {
			body: "func TestA(t *testing.T) { undefined() }\n",
			want: []string{"undefined: undefined", "tests failed"},
		},
		"nothing to run fails": {
			body: "var _ testing.TB\n",
			want: []string{"no test ran"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, ok := report(t, module(t, tt.body))
			if ok != tt.ok {
				t.Errorf("report of %q ended well = %v, want %v; output:\n%s", tt.body, ok, tt.ok, out)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("report of %q lacks %q:\n%s", tt.body, want, out)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(out, not) {
					t.Errorf("report of %q shows %q:\n%s", tt.body, not, out)
				}
			}
		})
	}
}
