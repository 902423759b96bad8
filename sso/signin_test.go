package sso_test

import (
	"testing"
)

func TestSignInMakesAMemberOnceAndASessionEachTime(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	first, err := c.enter(t, "alice")
	must(t, err)
	second, err := c.enter(t, "alice")
	must(t, err)
	a, b := c.principal(t, first.Issued), c.principal(t, second.Issued)
	if a.User != b.User || a.Membership != b.Membership || a.Session == b.Session {
		t.Errorf("two sign-ins gave %v and %v, want one person and two sessions", a, b)
	}
	if first.ReturnTo != "/after" {
		t.Errorf("ReturnTo = %q, want /after", first.ReturnTo)
	}
}
