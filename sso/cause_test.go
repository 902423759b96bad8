package sso_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso"
)

func TestEveryReasonHasSomebodyWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	for _, r := range sso.Reasons() {
		if !r.Blamed() {
			t.Errorf("the reason %s has nobody who has to do something about it", r)
		}
		because := r.Because()
		if because == "" || strings.HasSuffix(because, ".") || strings.ToUpper(because[:1]) == because[:1] {
			t.Errorf("%s.Because() = %q, want the end of a sentence", r, because)
		}
		switch r.Fixer() {
		case sso.FixPerson, sso.FixIdPAdmin, sso.FixAdmin, sso.FixOperator:
		default:
			t.Errorf("%s.Fixer() = %q", r, r.Fixer())
		}
	}
}
