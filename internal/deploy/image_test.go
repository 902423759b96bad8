package deploy_test

import (
	"os"
	"strings"
	"testing"
)

// lines returns the instructions of a file, without comments.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestTheImageIsStaticAndUnprivileged(t *testing.T) {
	t.Parallel()
	docker := strings.Join(lines(t, "../../Dockerfile"), "\n")
	stages := strings.Split("\n"+docker, "\nFROM ")
	build, last := stages[len(stages)-2], stages[len(stages)-1]

	if !strings.Contains(build, "CGO_ENABLED=0") {
		t.Errorf("the build stage links against a C library, which the last stage lacks:\n%s", build)
	}
	if base, _, _ := strings.Cut(last, "\n"); !strings.Contains(base, "distroless/static") || !strings.HasSuffix(base, ":nonroot") {
		t.Errorf("base of the image = %q, want distroless/static with the tag nonroot", base)
	}
	for _, want := range []string{
		"\nUSER 65532:65532\n", "\nEXPOSE 8080\n", "\nENTRYPOINT [\"/gatehouse\"]\n", "\nCMD [\"serve\"]",
	} {
		if !strings.Contains(last+"\n", want) {
			t.Errorf("the last stage lacks %q:\n%s", strings.TrimSpace(want), last)
		}
	}
}

func TestSecretsStayOutOfTheImageAndTheRepository(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"../../.dockerignore": {".env*", ".gatehouse/", ".git/"},
		"../../.gitignore":    {"/.env", "/.gatehouse/"},
	} {
		have := map[string]bool{}
		for _, line := range lines(t, path) {
			have[line] = true
		}
		for _, w := range want {
			if !have[w] {
				t.Errorf("%s lacks %s", path, w)
			}
		}
	}
}
