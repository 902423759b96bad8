package netguard_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain holds that hanging, refused and forgotten requests leave nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
