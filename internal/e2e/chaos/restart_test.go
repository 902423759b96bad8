package chaos_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// What is stopped at the end is there also after a restart that failed.
func TestADatabaseThatDoesNotStartAgainLeavesTheLastOne(t *testing.T) {
	t.Parallel()
	before := &devpg.Cluster{}
	r := &rig{dir: t.TempDir(), pg: before}
	if err := os.WriteFile(filepath.Join(r.dir, "pg"), nil, 0o600); err != nil { // no folder
		t.Fatal(err)
	}
	if err := r.startDatabase(t.Context()); err == nil || r.pg != before {
		t.Errorf("startDatabase() = %v with %v, want an error and the last one, %v", err, r.pg, before)
	}
}
