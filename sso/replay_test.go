package sso_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
)

// A used assertion is remembered for longer than it is valid, so that neither the purge nor a clock that jumps back makes it good again.
func TestSAML_133_135_136_AUsedAssertionStaysUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{})
	enter := func() error {
		tab := c.begin(t)
		_, err := c.post(t, c.asked(tab, "alice", "assertion", "_the-same"), tab.cookie())
		return err
	}
	purge := func() (n int64) {
		must(t, w.db.System(authn.AsSystem(t.Context()), func(sys *db.SystemTx) (err error) {
			n, err = sso.PruneAssertions(t.Context(), sys)
			return err
		}))
		return n
	}
	must(t, enter())
	again := func(when string) {
		t.Helper()
		if err := enter(); sso.ReasonOf(err) != sso.AssertionReplayed {
			t.Errorf("the assertion again, %s = %v, want %s", when, err, sso.AssertionReplayed)
		}
	}
	again("at once")
	w.ahead.Store(int64(2*time.Hour + 59*time.Minute)) // valid for an hour, and remembered for two more
	if n := purge(); n != 0 {
		t.Errorf("the purge forgot %d assertions that a clock could still make valid", n)
	}
	again("before it is forgotten")
	w.ahead.Store(int64(time.Hour + 59*time.Minute))
	again("after the clock jumped back by an hour")
	w.ahead.Store(int64(3*time.Hour + time.Minute))
	if n := purge(); n != 1 {
		t.Errorf("the purge forgot %d assertions, want the one that is long over", n)
	}
}
