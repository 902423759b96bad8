package realidp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/realidp"
)

// Not parallel: the environment belongs to the process.
func TestLaunchSaysWhatIsMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatalf("write file: %v", err)
	}
	t.Setenv("GATEHOUSE_IDP_CACHE", filepath.Join(file, "cache"))
	for _, kind := range []realidp.Kind{realidp.OIDCProvider, realidp.Glewlwyd} {
		_, _, err := realidp.Launch(t.Context(), kind, realidp.Options{})
		if err == nil || !strings.Contains(err.Error(), "set GATEHOUSE_IDP_CACHE") {
			t.Errorf("Launch(%s) without a cache = %v, want what to do", kind, err)
		}
	}
	for _, kind := range []realidp.Kind{realidp.SimpleSAMLphp, realidp.Samlp} {
		_, _, err := realidp.LaunchSAML(t.Context(), kind)
		if err == nil || !strings.Contains(err.Error(), "set GATEHOUSE_IDP_CACHE") {
			t.Errorf("LaunchSAML(%s) without a cache = %v, want what to do", kind, err)
		}
	}
}
