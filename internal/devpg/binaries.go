package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// OldestMajor is the oldest major version of Postgres that Gatehouse supports.
const OldestMajor = 14

// ErrNoBinaries says what to do where Postgres is not installed.
var ErrNoBinaries = errors.New("no Postgres binaries found and none could be downloaded; " +
	"install them, for example: apt-get install postgresql")

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// Binaries is a folder with the programs initdb and postgres.
type Binaries struct {
	Dir   string
	Major int
}

// A Locator finds the programs of Postgres on the machine.
type Locator struct {
	// Path are folders to prefer over all others, in order.
	Path []string
	// Patterns are globs of folders; the newest version in them wins.
	Patterns []string
	// Download fetches the programs of a major version, or of a version of its
	// choice for 0, and returns their folder. It is the last resort.
	Download func(ctx context.Context, major int) (string, error)
}

// DefaultLocator looks where packages and installers put Postgres, then
// downloads it.
func DefaultLocator() Locator {
	l := Locator{
		Patterns: []string{
			"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
			"/usr/pgsql-*/bin",                  // Red Hat, packages of postgresql.org
			"/usr/libexec/postgresql*",          // Alpine
			"/usr/local/pgsql/bin",              // built from source
			"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
			"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		},
		Download: download,
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		// A link in /usr/bin points to the folder where initdb is too.
		if target, err := filepath.EvalSymlinks(path); err == nil {
			l.Path = []string{filepath.Dir(target)}
		}
	}
	return l
}

// Locate returns the programs to use: those of the major version that made the
// data, or the newest for 0. It returns ErrNoBinaries if the machine has none.
func (l Locator) Locate(ctx context.Context, major int) (Binaries, error) {
	found := l.installed(ctx)
	for _, b := range found {
		if major == 0 || b.Major == major {
			return b, nil
		}
	}
	dir, err := l.Download(ctx, major)
	if err == nil {
		return inspect(ctx, dir)
	}
	if len(found) > 0 {
		return Binaries{}, fmt.Errorf("the database was made by Postgres %d, but only Postgres %d was found; "+
			"install version %d or remove the folder of the database", major, found[0].Major, major)
	}
	return Binaries{}, ErrNoBinaries
}

// installed lists what is on the machine, best first.
func (l Locator) installed(ctx context.Context) []Binaries {
	var matches []string
	for _, p := range l.Patterns {
		m, _ := filepath.Glob(p) // the only error is a malformed pattern
		matches = append(matches, m...)
	}
	others := usable(ctx, matches)
	slices.SortStableFunc(others, func(a, b Binaries) int { return b.Major - a.Major })
	return append(usable(ctx, l.Path), others...)
}

func usable(ctx context.Context, dirs []string) []Binaries {
	var found []Binaries
	for _, dir := range dirs {
		if b, err := inspect(ctx, dir); err == nil && b.Major >= OldestMajor {
			found = append(found, b)
		}
	}
	return found
}

// inspect asks the programs in dir for their version.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("run %s: %w", filepath.Join(dir, "postgres"), err)
	}
	m := versionNumber.FindSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("%s does not tell its version", filepath.Join(dir, "postgres"))
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return Binaries{}, err
	}
	return Binaries{Dir: dir, Major: major}, nil
}
