package console_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/console"
	"github.com/seed-2a059015/gatehouse/sso"
)

// Who holds the provider could ask for any address, and see in the list of tests whether a member has it.
func TestTheListOfTestsTellsOutsidersNothingOfMembers(t *testing.T) {
	t.Parallel()
	for _, reason := range []sso.Reason{sso.LinkRequired, sso.MemberRemoved, sso.MemberSuspended, sso.IdentityChanged} {
		got := console.VeiledTrial(sso.Record{Outcome: sso.Refused, Stage: sso.Verified, Reason: reason})
		if got.Outcome != sso.Succeeded || got.Reason != "" {
			t.Errorf("a test refused with %s shows %s %s, want succeeded and no reason", reason, got.Outcome, got.Reason)
		}
	}
	if got := console.VeiledTrial(sso.Record{Outcome: sso.Refused, Stage: sso.Returned, Reason: sso.SignatureInvalid}); got.Reason != sso.SignatureInvalid {
		t.Errorf("a provider's mistake shows %q, want %s", got.Reason, sso.SignatureInvalid)
	}
}
