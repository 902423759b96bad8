package devpg_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

func offline(context.Context, int) (string, error) {
	return "", errors.New("no network")
}

// fakePostgres makes a folder with programs that claim a version.
func fakePostgres(tb testing.TB, version string) string {
	tb.Helper()
	dir := tb.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func TestWithoutPostgresTheErrorSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	l := devpg.Locator{Patterns: []string{filepath.Join(t.TempDir(), "*")}, Download: offline}
	_, err := devpg.Start(t.Context(), devpg.Config{Dir: newDir(t), Locate: l.Locate})
	const want = "no Postgres binaries found and none could be downloaded; install them, for example: apt-get install postgresql"
	if err == nil || err.Error() != want {
		t.Errorf("Start without Postgres = %v, want %q", err, want)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	v13, v15, v17 := fakePostgres(t, "13.9"), fakePostgres(t, "15.4 (Debian)"), fakePostgres(t, "17.0")
	downloaded := fakePostgres(t, "16.9")
	online := func(context.Context, int) (string, error) { return downloaded, nil }
	empty := t.TempDir()

	tests := map[string]struct {
		locator devpg.Locator
		major   int
		want    devpg.Binaries
		wantErr string
	}{
		"the newest of the patterns": {
			locator: devpg.Locator{Patterns: []string{v15, v17, v13}, Download: offline},
			want:    devpg.Binaries{Dir: v17, Major: 17},
		},
		"the path before the patterns": {
			locator: devpg.Locator{Path: []string{v15}, Patterns: []string{v17}, Download: offline},
			want:    devpg.Binaries{Dir: v15, Major: 15},
		},
		"the version of the data": {
			locator: devpg.Locator{Path: []string{v17}, Patterns: []string{v15}, Download: offline},
			major:   15,
			want:    devpg.Binaries{Dir: v15, Major: 15},
		},
		"a folder without programs is passed over": {
			locator: devpg.Locator{Path: []string{empty}, Patterns: []string{v15}, Download: offline},
			want:    devpg.Binaries{Dir: v15, Major: 15},
		},
		"too old, so it is downloaded": {
			locator: devpg.Locator{Patterns: []string{v13}, Download: online},
			want:    devpg.Binaries{Dir: downloaded, Major: 16},
		},
		"too old and no network": {
			locator: devpg.Locator{Patterns: []string{v13}, Download: offline},
			wantErr: "no Postgres binaries found",
		},
		"another version than the data": {
			locator: devpg.Locator{Patterns: []string{v17}, Download: offline},
			major:   15,
			wantErr: "made by Postgres 15, but only Postgres 17 was found",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.locator.Locate(t.Context(), tt.major)
			if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("Locate(%d) = %v, %v, want %v and an error with %q", tt.major, got, err, tt.want, tt.wantErr)
			}
		})
	}
}
